import { META, type SessionRecord } from './record.js';

/** How long a session may live. Milliseconds. */
export interface Limits {
  /** Silence allowed. */
  readonly idle: number;
  /** Total allowed, from creation or from the last login. */
  readonly absolute: number;
}

/** The limits in force today: one pair for ordinary sessions, one for those that asked to be remembered. */
export interface ExpiryPolicy {
  readonly limits: Limits;
  readonly remember: Limits;
  /** A session is touched only when that would move its end by this much. */
  readonly touchInterval: number;
}

export function limitsFor(policy: ExpiryPolicy, remember: boolean): Limits {
  return remember ? policy.remember : policy.limits;
}

export function isRemembered(record: SessionRecord): boolean {
  return record.meta.has(META.remember);
}

/**
 * The end of a record under today's limits. Limits shortened by a deploy apply to sessions that exist; lengthened
 * ones do not (OWASP: the server decides, and never to the session's advantage afterwards).
 */
export function endOf(record: SessionRecord, policy: ExpiryPolicy): number {
  const today = limitsFor(policy, isRemembered(record));
  const startedAt = record.authenticatedAt ?? record.createdAt;
  return Math.min(
    record.absoluteExpiresAt,
    startedAt + today.absolute,
    record.expiresAt - Math.max(0, idleOf(record, today) - today.idle),
  );
}

/** Where a touch at `now` would move the end of this record. */
export function touchedUntil(record: SessionRecord, policy: ExpiryPolicy, now: number): number {
  const idle = idleOf(record, limitsFor(policy, isRemembered(record)));
  return Math.min(now + idle, record.absoluteExpiresAt);
}

/** Whether a touch at `now` would move the end far enough to be worth a write. */
export function isTouchDue(record: SessionRecord, policy: ExpiryPolicy, now: number): boolean {
  const idle = idleOf(record, limitsFor(policy, isRemembered(record)));
  const interval = Math.min(policy.touchInterval, idle / 10);
  const gain = touchedUntil(record, policy, now) - record.expiresAt;
  return gain > 0 && gain >= interval;
}

/** When it was last used, to within `touchInterval`: its end less the silence it is allowed. */
export function lastSeenAt(record: SessionRecord, policy: ExpiryPolicy): number {
  const idle = idleOf(record, limitsFor(policy, isRemembered(record)));
  return Math.max(record.createdAt, record.expiresAt - idle);
}

/** A record lives by the idle limit it was made with, so that all its ends are computed alike. */
function idleOf(record: SessionRecord, today: Limits): number {
  const text = record.meta.get(META.idle);
  return text === undefined ? today.idle : Number(text);
}
