import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { TokenFault } from '../core/token.js';

/** What the old library signed with. */
export type OldSecret = string | Buffer | KeyObject;

/**
 * The value of `value.signature`, the signature being an HMAC in base64 without padding: cookie-signature, which
 * express-session uses, and the signer of @fastify/cookie do it alike.
 */
export function unsigned(
  text: string,
  secrets: readonly OldSecret[],
  algorithm = 'sha256',
): { id: string } | TokenFault {
  const dot = text.lastIndexOf('.');
  if (dot < 1 || dot === text.length - 1) return 'malformed';
  const id = text.slice(0, dot);
  const given = text.slice(dot + 1);
  const isGood = secrets.some((secret) => sameText(hmac(algorithm, secret, id, 'base64'), given));
  return isGood ? { id } : 'signature';
}

/** Without padding, which cookies give a meaning. */
export function hmac(algorithm: string, secret: OldSecret, text: string, encoding: 'base64' | 'base64url'): string {
  return createHmac(algorithm, secret).update(text).digest(encoding).replaceAll('=', '');
}

/** In constant time: how long a signature is, is no secret. */
export function sameText(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)];
  return one.length === other.length && timingSafeEqual(one, other);
}

/** Cookies are URL-encoded. `undefined`: this one is not. */
export function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
