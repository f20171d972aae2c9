import type { SessionRecord } from '../../core/record.js';

/**
 * A record as it is kept: its texts in one flat list, since a Map takes 184 bytes however few it holds, and its ends as
 * milliseconds from `createdAt`: numbers as large as an epoch's take 16 bytes more.
 */
export interface PackedRecord extends Omit<SessionRecord, 'fields' | 'meta' | 'expiresAt' | 'absoluteExpiresAt'> {
  /** Names and texts in turn, those of `fields` first. */
  readonly texts: readonly string[];
  /** Where those of `meta` begin. */
  readonly metaAt: number;
  readonly expiresIn: number;
  readonly absoluteExpiresIn: number;
}

// Every property by its name: the engine gives what is left over by a rest pattern a larger and slower shape.

export function pack(record: SessionRecord): PackedRecord {
  const { fields, meta } = record;
  const texts: string[] = [];
  for (const [name, text] of fields) texts.push(name, text);
  for (const [name, text] of meta) texts.push(name, text);
  return {
    id: record.id,
    name: record.name,
    secretHash: record.secretHash,
    generation: record.generation,
    version: record.version,
    // A slice has no room to grow, which here would be for nothing.
    texts: texts.slice(),
    metaAt: fields.size * 2,
    userId: record.userId,
    createdAt: record.createdAt,
    authenticatedAt: record.authenticatedAt,
    // Rounded, though they are whole: otherwise the engine does not see it, and keeps them as it keeps fractions.
    expiresIn: Math.round(record.expiresAt - record.createdAt),
    absoluteExpiresIn: Math.round(record.absoluteExpiresAt - record.createdAt),
  };
}

/** A record of its own for each who asks. */
export function unpack(packed: PackedRecord): SessionRecord {
  const { metaAt, texts } = packed;
  return {
    id: packed.id,
    name: packed.name,
    secretHash: packed.secretHash,
    generation: packed.generation,
    version: packed.version,
    fields: mapOf(texts, 0, metaAt),
    meta: mapOf(texts, metaAt, texts.length),
    userId: packed.userId,
    createdAt: packed.createdAt,
    authenticatedAt: packed.authenticatedAt,
    expiresAt: expiryOf(packed),
    absoluteExpiresAt: packed.createdAt + packed.absoluteExpiresIn,
  };
}

export function expiryOf({ createdAt, expiresIn }: PackedRecord): number {
  return createdAt + expiresIn;
}

function mapOf(texts: readonly string[], from: number, to: number): Map<string, string> {
  const map = new Map<string, string>();
  for (let at = from; at < to; at += 2) map.set(texts[at]!, texts[at + 1]!);
  return map;
}
