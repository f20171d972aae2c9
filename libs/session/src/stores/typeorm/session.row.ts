import type { SessionRecord } from '../../core/record.js';
import { toJson } from './dialect.js';

/** In the order of `toRow`. */
export const COLUMNS =
  'id, name, secret_hash, generation, version, fields, meta, user_id, created_at, authenticated_at, expires_at, ' +
  'absolute_expires_at';

type Integer = number | string | bigint;
type Texts = Record<string, unknown>;

/**
 * A row as drivers give it: `bigint` may come as text, lest it be rounded, and JSON as text or as what it says. Both can
 * depend on the application's settings of the driver.
 */
export interface SessionRow {
  id: string;
  name: string;
  secret_hash: string;
  generation: Integer;
  version: Integer;
  fields: Texts | string;
  meta: Texts | string;
  user_id: string | null;
  created_at: Integer;
  authenticated_at: Integer | null;
  expires_at: Integer;
  absolute_expires_at: Integer;
}

/** The values of a record's columns. */
export function toRow(record: SessionRecord): unknown[] {
  return [
    record.id,
    record.name,
    record.secretHash,
    record.generation,
    record.version,
    toJson(record.fields),
    toJson(record.meta),
    record.userId ?? null,
    record.createdAt,
    record.authenticatedAt ?? null,
    record.expiresAt,
    record.absoluteExpiresAt,
  ];
}

export function toRecord(row: SessionRow): SessionRecord {
  return {
    id: row.id,
    name: row.name,
    secretHash: row.secret_hash,
    generation: Number(row.generation),
    version: Number(row.version),
    fields: textsOf(row.fields),
    meta: textsOf(row.meta),
    userId: row.user_id ?? undefined,
    createdAt: Number(row.created_at),
    authenticatedAt: row.authenticated_at === null ? undefined : Number(row.authenticated_at),
    expiresAt: Number(row.expires_at),
    absoluteExpiresAt: Number(row.absolute_expires_at),
  };
}

/** A value that somebody wrote by hand, as JSON instead of the text of it, is taken for that text. */
function textsOf(column: Texts | string): Map<string, string> {
  const texts = typeof column === 'string' ? (JSON.parse(column) as Texts) : column;
  return new Map(
    Object.entries(texts).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
  );
}
