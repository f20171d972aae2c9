import type { CookieSettings } from '../transport/cookie.transport.js';
import { check, checkNames, flag, oneOf } from './option.checks.js';
import type { SessionCookieOptions } from './session.options.js';
import { DEFAULT_SESSION_NAME } from './session.tokens.js';

/** Those of `name` and `secure` depend on each other and on the environment. */
export const COOKIE_DEFAULTS = {
  httpOnly: true,
  sameSite: 'lax',
  path: '/',
  persistent: false,
  partitioned: false,
} as const;

const COOKIE_OPTIONS = [...Object.keys(COOKIE_DEFAULTS), 'name', 'secure', 'domain'];

/** `session` is the name of the session, `env` what NODE_ENV says. */
export function resolveCookie(session: string, given: SessionCookieOptions, env: string | undefined): CookieSettings {
  checkNames('cookie', given, COOKIE_OPTIONS);
  const secure = flag('cookie.secure', given.secure ?? !(env === 'development' || env === 'test'));
  const { domain, path = COOKIE_DEFAULTS.path } = given;
  const hostOnly = domain === undefined && path === '/';
  const cookie: CookieSettings = {
    name: given.name ?? (secure ? (hostOnly ? '__Host-' : '__Secure-') : '') + cookieNameOf(session),
    secure,
    httpOnly: flag('cookie.httpOnly', given.httpOnly ?? COOKIE_DEFAULTS.httpOnly),
    sameSite: oneOf('cookie.sameSite', given.sameSite ?? COOKIE_DEFAULTS.sameSite, ['lax', 'strict', 'none']),
    path,
    domain,
    persistent: flag('cookie.persistent', given.persistent ?? COOKIE_DEFAULTS.persistent),
    partitioned: flag('cookie.partitioned', given.partitioned ?? COOKIE_DEFAULTS.partitioned),
  };
  checkCookie(cookie, hostOnly);
  return cookie;
}

/** A second session must not take the first one's cookie. */
function cookieNameOf(session: string): string {
  return session === DEFAULT_SESSION_NAME ? 'sid' : `${session}-sid`;
}

/** What browsers silently drop fails at start-up instead (RFC 6265bis 4.1.3, 5.7). */
function checkCookie({ name, secure, sameSite, path, domain, partitioned }: CookieSettings, hostOnly: boolean): void {
  check(
    typeof name === 'string' && /^[!#$%&'*+.^`|~\w-]+$/.test(name),
    'cookie.name',
    name,
    'a cookie name (RFC 6265 token)',
  );
  check(/^\/[ -:<-~]*$/.test(path), 'cookie.path', path, "a path that begins with '/'");
  check(domain === undefined || isHostName(domain), 'cookie.domain', domain, 'a host name');
  const prefix = /^__(host|secure)-/i.exec(name)?.[0].toLowerCase();
  check(prefix === undefined || secure, 'cookie.name', name, 'a prefix __Host- or __Secure- only with cookie.secure');
  check(
    prefix !== '__host-' || hostOnly,
    'cookie.name',
    name,
    "the prefix __Host- only without cookie.domain and with cookie.path '/'",
  );
  // Names such as Host__sid promise what no browser keeps (WS-2022-0330).
  const isTypo = prefix === undefined && /^(_?(host|secure)-|__?(host|secure)_|(host|secure)__)/i.test(name);
  check(!isTypo, 'cookie.name', name, '__Host- or __Secure- if that prefix is meant');
  check(sameSite !== 'none' || secure, 'cookie.sameSite', sameSite, "'none' only with cookie.secure");
  check(!partitioned || secure, 'cookie.partitioned', partitioned, 'true only with cookie.secure');
}

function isHostName(domain: unknown): boolean {
  return (
    typeof domain === 'string' && /^\.?([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]*[a-z0-9])?$/i.test(domain)
  );
}
