import { encode } from './codec.js';
import { UnserializableError } from './errors.js';
import { limitsFor } from './expiry.js';
import { checkFieldName } from './fields.js';
import type { OldSession } from './old.sessions.js';
import type { SessionPolicy } from './policy.js';
import { META, type SessionRecord } from './record.js';
import { hashSecret, type Token } from './token.js';

/**
 * The record that an old session becomes. It lives by today's limits, and its total counts from the login where that is
 * known. Otherwise it stays unknown when somebody proved who he is: to be moved is no login. What no session can hold is
 * left out, and told.
 */
export function recordOfOld(
  old: OldSession,
  token: Token,
  policy: SessionPolicy,
  now: number,
  onCorrupt: (name: string, error: unknown) => void,
): SessionRecord {
  const remember = old.remember ?? false;
  const limits = limitsFor(policy, remember);
  const authenticatedAt = old.userId === undefined ? undefined : old.loggedInAt;
  const absoluteExpiresAt = Math.min(authenticatedAt ?? now, now) + limits.absolute;
  const fields = new Map<string, string>();
  for (const [name, value] of old.fields) {
    try {
      checkFieldName(name);
      fields.set(name, textOf(name, value));
    } catch (error) {
      // Nobody is to be lost for one damaged field.
      onCorrupt(name, error);
    }
  }
  return {
    id: token.id,
    name: policy.name,
    secretHash: hashSecret(token.secret),
    generation: 0,
    version: 0,
    fields,
    meta: new Map([[META.idle, String(limits.idle)], ...(remember ? [[META.remember, '1'] as const] : [])]),
    userId: old.userId,
    createdAt: now,
    authenticatedAt,
    expiresAt: Math.min(now + limits.idle, absoluteExpiresAt),
    absoluteExpiresAt,
  };
}

/** An object of a database driver, say, is what JSON makes of it: so most stores for express-session kept it. */
function textOf(name: string, value: unknown): string {
  try {
    return encode(value, name);
  } catch (error) {
    if (!(error instanceof UnserializableError)) throw error;
    return encode(JSON.parse(JSON.stringify(value)), name);
  }
}
