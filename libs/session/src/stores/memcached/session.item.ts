import { SessionConfigError } from '../../core/errors.js';
import type { SessionRecord } from '../../core/record.js';
import { recordOf } from '../../core/record.text.js';

/**
 * Seconds. Memcached takes a longer lifetime for a Unix time, one that is long past, and drops the item at once:
 * https://github.com/memcached/memcached/blob/1.6.18/doc/protocol.txt, "Expiration times".
 */
const LONGEST_RELATIVE = 30 * 24 * 60 * 60;
/** Memcached keeps Unix times as 32 bits: up to 1.6.18 at least, a later one says STORED and drops the item. */
const LATEST_ABSOLUTE = 2 ** 31 - 1;
/** Seconds. The record says when it ends; Memcached only has to keep it until then. */
const GRACE = 60;
/** Seconds that this machine's clock may be behind Memcached's. It matters to lifetimes given as a Unix time only. */
const SKEW = 60 * 60;

/** Drops the item in the same step that compares it. */
export const AT_ONCE = -1;

/** The `exptime` of a record. */
export function lifetimeOf({ expiresAt }: SessionRecord, now: number): number {
  const seconds = Math.max(0, Math.ceil((expiresAt - now) / 1_000)) + GRACE;
  if (seconds <= LONGEST_RELATIVE) return seconds;
  const absolute = Math.floor(Date.now() / 1_000) + seconds + SKEW;
  return absolute <= LATEST_ABSOLUTE ? absolute : LONGEST_RELATIVE;
}

/** The record of an item. Rejects another session's: a client that mixes up replies (CVE-2023-28858) is a fault. */
export function recordIn(value: unknown, id: string): SessionRecord {
  const record = recordOf(value);
  if (record?.id !== id) {
    throw new SessionConfigError(
      'Memcached answered with something else than the session asked for. Either another program writes keys with the ' +
        "store's prefix: give the store one of its own, new MemcachedSessionStore(client, { prefix: 'my-app:' }). Or the " +
        'client mixes up answers: replace it.',
    );
  }
  return record;
}
