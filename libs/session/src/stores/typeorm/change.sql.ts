import type { Expectation, SessionChange, TextChanges } from '../../core/store.js';

/** A statement under construction: text with `$n`, and the values that they stand for. */
export class Statement {
  readonly values: unknown[] = [];

  /** The placeholder of a value. Values never become text of the statement. */
  value(value: unknown): string {
    return `$${this.values.push(value)}`;
  }
}

/** The `SET` list of an update: names and texts are merged by the database, so different fields never collide. */
export function assignments(statement: Statement, change: SessionChange): string {
  const { expiresAt, fields, meta, replace, rotate } = change;
  const list = ['version = version + 1'];
  if (fields || replace) list.push(`fields = ${merged(statement, replace ? "'{}'::jsonb" : 'fields', fields)}`);
  if (meta) list.push(`meta = ${merged(statement, 'meta', meta)}`);
  if (rotate) {
    list.push(
      `secret_hash = ${statement.value(rotate.secretHash)}`,
      `generation = ${statement.value(rotate.generation)}`,
      `user_id = ${statement.value(rotate.userId ?? null)}`,
      `authenticated_at = ${statement.value(rotate.authenticatedAt ?? null)}`,
      `expires_at = ${statement.value(rotate.expiresAt)}`,
      `absolute_expires_at = ${statement.value(rotate.absoluteExpiresAt)}`,
    );
  } else if (expiresAt !== undefined) {
    list.push(extension(statement, expiresAt));
  }
  return list.join(', ');
}

/** Later if possible, never earlier, never past the absolute end. */
export function extension(statement: Statement, expiresAt: number): string {
  return `expires_at = LEAST(GREATEST(expires_at, ${statement.value(expiresAt)}::bigint), absolute_expires_at)`;
}

/** The conditions under which a write may happen, each preceded by `AND`. */
export function conditions(statement: Statement, expect: Expectation): string {
  const { fields, generation, secretHash, userId, version } = expect;
  const list: string[] = [];
  if (generation !== undefined) list.push(`generation = ${statement.value(generation)}`);
  if (secretHash !== undefined) list.push(`secret_hash = ${statement.value(secretHash)}`);
  if (version !== undefined) list.push(`version = ${statement.value(version)}`);
  if (userId !== undefined) list.push(`user_id = ${statement.value(userId)}`);
  if (fields) {
    const { removed, set } = split(fields);
    if (set.size > 0) list.push(`fields @> ${statement.value(toJson(set))}::jsonb`);
    if (removed.length > 0) list.push(`NOT jsonb_exists_any(fields, ${statement.value(removed)}::text[])`);
  }
  return list.map((condition) => ` AND ${condition}`).join('');
}

/** An object of texts as JSON. Built from entries, so that a name such as `__proto__` is a name like any other. */
export function toJson(texts: Iterable<readonly [string, string]>): string {
  return JSON.stringify(Object.fromEntries(texts));
}

function merged(statement: Statement, column: string, changes: TextChanges = new Map()): string {
  const { removed, set } = split(changes);
  const kept = removed.length > 0 ? `(${column} - ${statement.value(removed)}::text[])` : column;
  return set.size > 0 ? `${kept} || ${statement.value(toJson(set))}::jsonb` : kept;
}

function split(changes: TextChanges): { set: Map<string, string>; removed: string[] } {
  const set = new Map<string, string>();
  const removed: string[] = [];
  for (const [name, text] of changes) {
    if (text === null) removed.push(name);
    else set.set(name, text);
  }
  return { set, removed };
}
