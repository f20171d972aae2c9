import type { SessionRecord } from './record.js';
import type { Expectation, SessionChange } from './store.js';
import { applyChanges, NO_CHANGES, NO_TEXTS } from './texts.js';

/** The record that a change makes of this one. */
export function changed(record: SessionRecord, change: SessionChange): SessionRecord {
  const { expiresAt, fields = NO_CHANGES, meta = NO_CHANGES, replace, rotate } = change;
  return {
    ...record,
    version: record.version + 1,
    fields: applyChanges(replace ? NO_TEXTS : record.fields, fields),
    meta: applyChanges(record.meta, meta),
    expiresAt: extended(record, expiresAt),
    ...rotate,
  };
}

/** The end of a record that is extended to `expiresAt`: never earlier than before, never past the absolute end. */
export function extended(record: Pick<SessionRecord, 'expiresAt' | 'absoluteExpiresAt'>, expiresAt = 0): number {
  return Math.min(Math.max(record.expiresAt, expiresAt), record.absoluteExpiresAt);
}

/** Whether the record is as a write expects it. */
export function holds(record: SessionRecord, expect: Expectation): boolean {
  return (
    matches(expect.generation, record.generation) &&
    matches(expect.secretHash, record.secretHash) &&
    matches(expect.version, record.version) &&
    matches(expect.userId, record.userId) &&
    [...(expect.fields ?? NO_CHANGES)].every(([name, text]) => (record.fields.get(name) ?? null) === text)
  );
}

function matches<T>(expected: T | undefined, actual: T | undefined): boolean {
  return expected === undefined || expected === actual;
}
