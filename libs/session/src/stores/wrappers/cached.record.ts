import { randomBytes } from 'node:crypto';
import type { SessionRecord } from '../../core/record.js';
import { recordOf, textOf } from '../../core/record.text.js';
import type { SessionChange } from '../../core/store.js';

/** The one field of a copy: the whole record, so that the cache knows of no user and of no other end than the copy's. */
const RECORD = 'record';

/**
 * An entry of the cache without a copy: the place where one may be put, by whoever has made it. It has a secret of its
 * own, which is in no token.
 */
export function newLease(id: string, now: number, until: number): SessionRecord {
  return {
    id,
    name: 'cache',
    secretHash: randomBytes(16).toString('base64url'),
    generation: 0,
    version: 0,
    fields: new Map(),
    meta: new Map(),
    createdAt: now,
    expiresAt: until,
    absoluteExpiresAt: until,
  };
}

/** Puts a copy in the place of a lease, if that is still there. */
export function fillingOf(lease: SessionRecord, record: SessionRecord): SessionChange {
  return { fields: new Map([[RECORD, textOf(record)]]), expect: { secretHash: lease.secretHash } };
}

/** The record that an entry is a copy of. `undefined`: it is a lease. */
export function copyIn(entry: SessionRecord): SessionRecord | undefined {
  const text = entry.fields.get(RECORD);
  return text === undefined ? undefined : recordOf(text);
}
