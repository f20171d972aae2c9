import { createHmac, createSecretKey, hash, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto';

const ID_LENGTH = 24; // 18 bytes
const SECRET_LENGTH = 32; // 24 bytes
const BARE_LENGTH = ID_LENGTH + SECRET_LENGTH;
const SIGNATURE_LENGTH = 43; // SHA-256
const BYTES = 42;

/** What the client carries, taken apart. The id is public; the secret is never stored and never logged. */
export interface Token {
  readonly id: string;
  readonly secret: string;
}

export type TokenFault = 'malformed' | 'signature';

/** A token that passed the checks. `outdated`: signed with a key that is no longer the first. */
export interface ParsedToken extends Token {
  readonly outdated: boolean;
}

/**
 * Makes tokens and takes them apart: a 24-character id, a 32-character secret, and `.` + signature when keys are
 * given. Both halves are whole groups of base64url, so 42 random bytes encode to a token that is split by position.
 */
export class TokenFormat {
  readonly #keys: readonly KeyObject[];
  readonly #context: string;
  readonly #random: (size: number) => Buffer;

  /** `keys`: the first signs, all verify. Without keys tokens are not signed. */
  constructor(name: string, keys: readonly string[] = [], random: (size: number) => Buffer = randomBytes) {
    this.#keys = keys.map((key) => createSecretKey(key, 'utf8'));
    // The name is part of what is signed, so that a token of one session is not taken for one of another.
    this.#context = `nest-sessions token v1\n${name}\n`;
    this.#random = random;
  }

  mint(): Token {
    const bytes = this.#random(BYTES);
    // A short read must fail the request, never weaken the token (CVE-2021-3538).
    if (bytes.length !== BYTES) throw new Error('The random source returned too few bytes for a session token.');
    return tokenOf(bytes);
  }

  /** A new secret for an id that stays. */
  remint(id: string): Token {
    return { id, secret: this.mint().secret };
  }

  format({ id, secret }: Token): string {
    const [key] = this.#keys;
    return key ? `${id}${secret}.${this.#sign(key, id + secret)}` : id + secret;
  }

  /** Length and alphabet before any cryptography, the signature before any store call (HARDENING D-1). */
  parse(text: unknown): ParsedToken | TokenFault {
    if (typeof text !== 'string') return 'malformed';
    const signed = this.#keys.length > 0;
    if (text.length !== (signed ? BARE_LENGTH + 1 + SIGNATURE_LENGTH : BARE_LENGTH)) return 'malformed';
    if (!isBase64url(text, 0, BARE_LENGTH)) return 'malformed';
    let outdated = false;
    if (signed) {
      if (text[BARE_LENGTH] !== '.' || !isBase64url(text, BARE_LENGTH + 1, text.length)) return 'malformed';
      const position = this.#verify(text.slice(0, BARE_LENGTH), text.slice(BARE_LENGTH + 1));
      if (position === -1) return 'signature';
      outdated = position > 0;
    }
    return { id: text.slice(0, ID_LENGTH), secret: text.slice(ID_LENGTH, BARE_LENGTH), outdated };
  }

  /** The position of the key that made the signature, or -1. Digests of equal length are compared in constant time. */
  #verify(bare: string, signature: string): number {
    const given = Buffer.from(signature);
    return this.#keys.findIndex((key) => timingSafeEqual(Buffer.from(this.#sign(key, bare)), given));
  }

  #sign(key: KeyObject, bare: string): string {
    return createHmac('sha256', key).update(this.#context).update(bare).digest('base64url');
  }
}

/** The token that the first 42 of these bytes make. */
export function tokenOf(bytes: Buffer): Token {
  const text = bytes.subarray(0, BYTES).toString('base64url');
  return { id: text.slice(0, ID_LENGTH), secret: text.slice(ID_LENGTH) };
}

/** What the record keeps of a secret. */
export function hashSecret(secret: string): string {
  return hash('sha256', secret, 'base64url');
}

/** Compares two hashes in constant time. */
export function sameHash(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)];
  return one.length === other.length && timingSafeEqual(one, other);
}

/** Whether this could be an id of ours: what is not never reaches a store. */
export function isSessionId(id: unknown): id is string {
  return typeof id === 'string' && id.length === ID_LENGTH && isBase64url(id, 0, ID_LENGTH);
}

function isBase64url(text: string, from: number, to: number): boolean {
  for (let index = from; index < to; index++) {
    const code = text.charCodeAt(index);
    const letterOrDigit = (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 57);
    if (!letterOrDigit && code !== 45 && code !== 95) return false;
  }
  return true;
}
