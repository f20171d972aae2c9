import { describe, expect, it } from '@jest/globals';
import { endOf, type ExpiryPolicy, isRemembered, isTouchDue, lastSeenAt, limitsFor, touchedUntil } from './expiry.js';
import type { SessionRecord } from './record.js';

const NOW = 1_800_000_000_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const POLICY: ExpiryPolicy = {
  limits: { idle: 30 * MINUTE, absolute: 12 * HOUR },
  remember: { idle: 30 * DAY, absolute: 90 * DAY },
  touchInterval: MINUTE,
};

/** A record as it was made at NOW under these limits. */
function made(policy: ExpiryPolicy, given: { remember?: boolean } & Partial<SessionRecord> = {}): SessionRecord {
  const { remember = false, ...rest } = given;
  const { absolute, idle } = limitsFor(policy, remember);
  return {
    id: 'id',
    name: 'session',
    secretHash: 'hash',
    generation: 0,
    version: 0,
    fields: new Map(),
    meta: new Map([['idle', String(idle)], ...(remember ? [['remember', '1'] as const] : [])]),
    createdAt: NOW,
    expiresAt: NOW + idle,
    absoluteExpiresAt: NOW + absolute,
    ...rest,
  };
}

const withLimits = (limits: Partial<ExpiryPolicy['limits']>): ExpiryPolicy => ({
  ...POLICY,
  limits: { ...POLICY.limits, ...limits },
});

describe('limits', () => {
  it('are those of remembered sessions for those alone', () => {
    expect(limitsFor(POLICY, false)).toBe(POLICY.limits);
    expect(limitsFor(POLICY, true)).toBe(POLICY.remember);
    expect(isRemembered(made(POLICY))).toBe(false);
    expect(isRemembered(made(POLICY, { remember: true }))).toBe(true);
  });
});

describe('the end of a session', () => {
  it('R-11 is that of its record while the limits stay', () => {
    expect(endOf(made(POLICY), POLICY)).toBe(NOW + 30 * MINUTE);
    expect(endOf(made(POLICY, { remember: true }), POLICY)).toBe(NOW + 30 * DAY);
  });

  it('R-12 I4 is never later than the absolute one', () => {
    const record = made(POLICY, { expiresAt: NOW + 12 * HOUR, absoluteExpiresAt: NOW + 12 * HOUR });
    expect(endOf(record, POLICY)).toBe(NOW + 12 * HOUR);
  });

  it('R-12 counts from the login, once there was one', () => {
    const authenticatedAt = NOW + 10 * HOUR;
    const absoluteExpiresAt = authenticatedAt + 12 * HOUR;
    const record = made(POLICY, { authenticatedAt, absoluteExpiresAt, expiresAt: absoluteExpiresAt });
    expect(endOf(record, POLICY)).toBe(absoluteExpiresAt);
    expect(endOf(record, withLimits({ absolute: 3 * HOUR, idle: 30 * MINUTE }))).toBe(authenticatedAt + 3 * HOUR);
  });

  // idle and absolute as they were and as they are, and the end of a session made at NOW.
  it.each([
    ['both the same', {}, {}, 30 * MINUTE],
    ['a shorter idle', {}, { idle: 10 * MINUTE }, 10 * MINUTE],
    ['a longer idle', {}, { idle: 60 * MINUTE }, 30 * MINUTE],
    ['a shorter absolute', {}, { absolute: 20 * MINUTE }, 20 * MINUTE],
    ['a longer absolute', {}, { absolute: 24 * HOUR }, 30 * MINUTE],
    ['both shorter', {}, { idle: 10 * MINUTE, absolute: 5 * MINUTE }, 5 * MINUTE],
    ['both longer', {}, { idle: 2 * HOUR, absolute: 24 * HOUR }, 30 * MINUTE],
    ['an absolute shorter than the idle was', { idle: 12 * HOUR }, { idle: HOUR, absolute: 2 * HOUR }, HOUR],
  ])('B-50 after a deploy with %s', (_, before, after, end) => {
    expect(endOf(made(withLimits(before)), withLimits(after))).toBe(NOW + end);
  });

  it('B-50 a shorter idle limit counts from the last sign of life', () => {
    const record = made(POLICY);
    const touched = { ...record, expiresAt: touchedUntil(record, POLICY, NOW + 20 * MINUTE) };
    expect(endOf(touched, withLimits({ idle: 10 * MINUTE }))).toBe(NOW + 30 * MINUTE);
  });

  it('B-50 ordinary limits do not touch remembered sessions, and the other way round', () => {
    const shorter = withLimits({ idle: MINUTE, absolute: 2 * MINUTE });
    expect(endOf(made(POLICY, { remember: true }), shorter)).toBe(NOW + 30 * DAY);
    const forgetful = { ...POLICY, remember: { idle: DAY, absolute: DAY } };
    expect(endOf(made(POLICY), forgetful)).toBe(NOW + 30 * MINUTE);
    expect(endOf(made(POLICY, { remember: true }), forgetful)).toBe(NOW + DAY);
  });

  it('of a record that says no limit is judged by that of today', () => {
    expect(endOf(made(POLICY, { meta: new Map() }), withLimits({ idle: 10 * MINUTE }))).toBe(NOW + 30 * MINUTE);
  });

  it('C-38 is past for a record whose limit is damaged: it does not live for ever', () => {
    const end = endOf(made(POLICY, { meta: new Map([['idle', 'damaged']]) }), POLICY);
    expect(end > NOW).toBe(false);
  });
});

describe('a touch', () => {
  it('R-11 extends by the idle limit', () => {
    expect(touchedUntil(made(POLICY), POLICY, NOW + 5 * MINUTE)).toBe(NOW + 35 * MINUTE);
    expect(touchedUntil(made(POLICY, { remember: true }), POLICY, NOW + DAY)).toBe(NOW + 31 * DAY);
  });

  it('I4 extends to the absolute end and no further', () => {
    const record = made(POLICY);
    expect(touchedUntil(record, POLICY, NOW + 12 * HOUR - 30 * MINUTE)).toBe(NOW + 12 * HOUR);
    expect(touchedUntil(record, POLICY, NOW + 12 * HOUR - 1)).toBe(NOW + 12 * HOUR);
  });

  it('B-50 under a shorter limit ends after that limit, under a longer one after the old', () => {
    const now = NOW + 5 * MINUTE;
    const record = made(POLICY);
    const touched = (policy: ExpiryPolicy) => ({ ...record, expiresAt: touchedUntil(record, policy, now) });
    const [shorter, longer] = [withLimits({ idle: 10 * MINUTE }), withLimits({ idle: HOUR })];
    expect(endOf(touched(shorter), shorter)).toBe(now + 10 * MINUTE);
    expect(endOf(touched(longer), longer)).toBe(now + 30 * MINUTE);
  });
});

describe('whether a touch is due', () => {
  it('B-20 once it would move the end by touchInterval', () => {
    const record = made(POLICY);
    expect(isTouchDue(record, POLICY, NOW)).toBe(false);
    expect(isTouchDue(record, POLICY, NOW + MINUTE - 1)).toBe(false);
    expect(isTouchDue(record, POLICY, NOW + MINUTE)).toBe(true);
  });

  it('at least ten times per idle limit, however long touchInterval is', () => {
    const lazy = { ...POLICY, touchInterval: HOUR };
    expect(isTouchDue(made(lazy), lazy, NOW + 3 * MINUTE - 1)).toBe(false);
    expect(isTouchDue(made(lazy), lazy, NOW + 3 * MINUTE)).toBe(true);
  });

  it('at every request that moves the end, if touchInterval is 0', () => {
    const eager = { ...POLICY, touchInterval: 0 };
    expect(isTouchDue(made(eager), eager, NOW + 1)).toBe(true);
  });

  it('I4 never when the absolute end is reached: it would move nothing', () => {
    const record = made(POLICY, { expiresAt: NOW + 12 * HOUR });
    expect(isTouchDue(record, POLICY, NOW + 12 * HOUR - 1)).toBe(false);
  });

  // With touchInterval 0 every read of such a session costs a write, which changes nothing.
  it('I4 never when the absolute end is reached, if touchInterval is 0 either', () => {
    const eager = { ...POLICY, touchInterval: 0 };
    const record = made(eager, { expiresAt: NOW + 12 * HOUR });
    expect(isTouchDue(record, eager, NOW + 12 * HOUR - 1)).toBe(false);
  });

  it('B-47 not by a clock that went back', () => {
    expect(isTouchDue(made(POLICY), POLICY, NOW - HOUR)).toBe(false);
  });
});

describe('when a session was last seen', () => {
  it('is when it was touched last', () => {
    const record = made(POLICY);
    expect(lastSeenAt(record, POLICY)).toBe(NOW);
    const touched = { ...record, expiresAt: touchedUntil(record, POLICY, NOW + 7 * MINUTE) };
    expect(lastSeenAt(touched, POLICY)).toBe(NOW + 7 * MINUTE);
    const remembered = made(POLICY, { remember: true });
    expect(lastSeenAt({ ...remembered, expiresAt: NOW + 33 * DAY }, POLICY)).toBe(NOW + 3 * DAY);
  });

  it('B-50 is judged by the limit that it was made with', () => {
    expect(lastSeenAt(made(POLICY), withLimits({ idle: 10 * MINUTE }))).toBe(NOW);
  });

  it('is not before it was created', () => {
    const record = made(POLICY, { expiresAt: NOW + MINUTE, absoluteExpiresAt: NOW + MINUTE });
    expect(lastSeenAt(record, POLICY)).toBe(NOW);
  });
});
