import type { IncomingMessage, ServerResponse } from 'node:http';
import { stringifySetCookie } from 'cookie';
import type { SessionTransport } from './transport.js';

export interface CookieSettings {
  readonly name: string;
  readonly secure: boolean;
  readonly httpOnly: boolean;
  readonly sameSite: 'lax' | 'strict' | 'none';
  readonly path: string;
  readonly domain?: string;
  readonly persistent: boolean;
  readonly partitioned: boolean;
}

/** RFC 6265bis 5.6.7: browsers keep no cookie for longer than 400 days. Seconds. */
const MAX_COOKIE_AGE = 400 * 24 * 60 * 60;
/** RFC 6265bis 5.7: what browsers take for name and value; some count the attributes too. Bytes. */
const MAX_COOKIE = 4_096;
/**
 * More than any honest browser sends, and about as many as a header has room for: whoever can plant that many can also
 * push the right one out of the browser's jar.
 */
const MAX_FOUND = 100;

/** The token in a cookie. What is written and what is cleared have the same attributes, or browsers keep the old one. */
export class CookieTransport implements SessionTransport {
  readonly vary = 'Cookie';
  /** The name of the cookie. */
  readonly carrier: string;
  readonly #attributes: string;
  readonly #cleared: string;

  constructor(private readonly settings: CookieSettings) {
    const { name, secure, httpOnly, sameSite, path, domain, partitioned } = settings;
    const attributes = { secure, httpOnly, sameSite, path, domain, partitioned };
    this.carrier = name;
    // The library checks and formats the attributes once; a token is base64url and needs no encoding.
    this.#attributes = stringifySetCookie({ name, value: '', ...attributes }).slice(`${name}=`.length);
    this.#cleared = stringifySetCookie({ name, value: '', expires: new Date(0), maxAge: 0, ...attributes });
  }

  /** What is left for the token when the name, all attributes and the longest `Max-Age` are in. Bytes. */
  get capacity(): number {
    return MAX_COOKIE - this.#lineOf('', MAX_COOKIE_AGE).length;
  }

  /** What every cookie of this transport says beside its value and its age. */
  get attributes(): Omit<CookieSettings, 'name' | 'persistent'> {
    const { name: _name, persistent: _persistent, ...attributes } = this.settings;
    return attributes;
  }

  read(request: IncomingMessage): readonly string[] {
    const header = request.headers.cookie;
    return header === undefined ? [] : readCookies(header, this.settings.name);
  }

  write(response: ServerResponse, token: string, maxAge: number | undefined): void {
    this.#set(response, this.#lineOf(token, maxAge));
  }

  clear(response: ServerResponse): void {
    this.#set(response, this.#cleared);
  }

  #lineOf(token: string, maxAge: number | undefined): string {
    const age = maxAge === undefined ? '' : `; Max-Age=${Math.min(Math.max(0, Math.floor(maxAge)), MAX_COOKIE_AGE)}`;
    return `${this.settings.name}=${token}${age}${this.#attributes}`;
  }

  /** RFC 6265bis 4.1.1: not two cookies of one name in an answer. Other people's cookies stay as they are. */
  #set(response: ServerResponse, line: string): void {
    const present = [response.getHeader('set-cookie') ?? []].flat().map(String);
    const others = present.filter((other) => !other.startsWith(`${this.settings.name}=`));
    response.setHeader('Set-Cookie', [...others, line]);
    forbidCaching(response);
  }
}

/** An answer with a session's cookie in it must not be served to anybody else (CVE-2023-30861). */
function forbidCaching(response: ServerResponse): void {
  const present = String(response.getHeader('cache-control') ?? '');
  if (!/\bno-store\b/i.test(present)) response.setHeader('Cache-Control', 'private, no-store');
}

/**
 * The values under exactly this name. Not a general cookie parser, on purpose: nothing is decoded, unquoted or
 * trimmed but space and tab, so no other cookie can pass for ours (CVE-2026-39410, CVE-2023-23934), and what is not
 * ours costs no memory (CVE-2025-58186).
 */
export function readCookies(header: string, name: string): string[] {
  const values: string[] = [];
  const prefix = `${name}=`;
  for (let from = 0; from < header.length && values.length < MAX_FOUND;) {
    const semicolon = header.indexOf(';', from);
    const end = semicolon === -1 ? header.length : semicolon;
    const start = skipBlanks(header, from, end);
    if (header.startsWith(prefix, start)) {
      values.push(header.slice(start + prefix.length, dropBlanks(header, start + prefix.length, end)));
    }
    from = end + 1;
  }
  return values;
}

function skipBlanks(text: string, from: number, end: number): number {
  while (from < end && isBlank(text.charCodeAt(from))) from++;
  return from;
}

function dropBlanks(text: string, from: number, end: number): number {
  while (end > from && isBlank(text.charCodeAt(end - 1))) end--;
  return end;
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}
