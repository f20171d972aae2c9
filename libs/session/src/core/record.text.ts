import type { SessionRecord } from './record.js';

/** One text for a whole record: JSON, with names and texts as pairs, so that `__proto__` is a name like any other. */
export function textOf(record: SessionRecord): string {
  return JSON.stringify({ ...record, fields: [...record.fields], meta: [...record.meta] });
}

/** The record of such a text. `undefined`: it is none; what it is instead stays out of messages. */
export function recordOf(text: unknown): SessionRecord | undefined {
  try {
    const record: unknown = JSON.parse(String(text));
    return isRecord(record) ? { ...record, fields: new Map(record.fields), meta: new Map(record.meta) } : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is SessionRecord {
  return typeof value === 'object' && value !== null && typeof (value as Partial<SessionRecord>).id === 'string';
}
