import type { SessionRecord } from '../../core/record.js';
import { toJson } from './change.sql.js';

/** In the order of `toRow`. */
export const COLUMNS =
  'id, name, secret_hash, generation, version, fields, meta, user_id, created_at, authenticated_at, expires_at, ' +
  'absolute_expires_at';

/** A row as `pg` gives it: `bigint` comes as text, lest it be rounded. */
export interface SessionRow {
  id: string;
  name: string;
  secret_hash: string;
  generation: number;
  version: number;
  fields: Record<string, string>;
  meta: Record<string, string>;
  user_id: string | null;
  created_at: string;
  authenticated_at: string | null;
  expires_at: string;
  absolute_expires_at: string;
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
    generation: row.generation,
    version: row.version,
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
function textsOf(column: Record<string, unknown>): Map<string, string> {
  return new Map(
    Object.entries(column).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
  );
}
