import { type ExpiryPolicy, limitsFor, touchedUntil } from './expiry.js';
import { META, type SessionRecord } from './record.js';
import type { StagedRotation } from './staged.js';
import type { Rotation } from './store.js';

/** Whose a session is, and how long it may live. */
export type Life = Omit<Rotation, 'secretHash' | 'generation'>;

/** The life that begins with a creation or a login. What it lives by is noted in `meta`. */
export function newLife(
  policy: ExpiryPolicy,
  now: number,
  login: (StagedRotation & { kind: 'login' }) | undefined,
  meta: Map<string, string | null>,
): Life {
  const limits = limitsFor(policy, login?.remember ?? false);
  const absoluteExpiresAt = now + limits.absolute;
  meta.set(META.idle, String(limits.idle));
  if (login) meta.set(META.remember, login.remember ? '1' : null);
  if (login?.label !== undefined) meta.set(META.label, login.label);
  return {
    userId: login?.userId,
    authenticatedAt: login && now,
    expiresAt: Math.min(now + limits.idle, absoluteExpiresAt),
    absoluteExpiresAt,
  };
}

/** A regenerated session is no younger than it was (HARDENING I4). */
export function sameLife(policy: ExpiryPolicy, now: number, record: SessionRecord): Life {
  const { absoluteExpiresAt, authenticatedAt, userId } = record;
  return { userId, authenticatedAt, expiresAt: touchedUntil(record, policy, now), absoluteExpiresAt };
}
