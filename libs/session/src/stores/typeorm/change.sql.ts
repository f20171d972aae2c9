import type { Expectation, SessionChange } from '../../core/store.js';
import type { Dialect, Statement } from './dialect.js';

/** The `SET` list of an update: names and texts are merged by the database, so different fields never collide. */
export function assignments(dialect: Dialect, statement: Statement, change: SessionChange): string {
  const { expiresAt, fields, meta, replace = false, rotate } = change;
  const list = ['version = version + 1'];
  if (fields || replace) list.push(`fields = ${dialect.merged(statement, 'fields', fields ?? new Map(), replace)}`);
  if (meta) list.push(`meta = ${dialect.merged(statement, 'meta', meta, false)}`);
  if (rotate) {
    const { userId } = rotate;
    list.push(
      `secret_hash = ${statement.value(rotate.secretHash)}`,
      `generation = ${statement.value(rotate.generation)}`,
      `user_id = ${statement.value(userId === undefined ? null : dialect.userId(userId))}`,
      `authenticated_at = ${statement.value(rotate.authenticatedAt ?? null)}`,
      `expires_at = ${statement.value(rotate.expiresAt)}`,
      `absolute_expires_at = ${statement.value(rotate.absoluteExpiresAt)}`,
    );
  } else if (expiresAt !== undefined) {
    list.push(`expires_at = ${dialect.extended(statement, expiresAt)}`);
  }
  return list.join(', ');
}

/** The conditions under which a write may happen, each preceded by `AND`. */
export function conditions(dialect: Dialect, statement: Statement, expect: Expectation): string {
  const { fields, generation, secretHash, userId, version } = expect;
  const list: string[] = [];
  if (generation !== undefined) list.push(`generation = ${statement.value(generation)}`);
  if (secretHash !== undefined) list.push(`secret_hash = ${statement.value(secretHash)}`);
  if (version !== undefined) list.push(`version = ${statement.value(version)}`);
  if (userId !== undefined) list.push(`user_id = ${statement.value(dialect.userId(userId))}`);
  if (fields) list.push(...dialect.holds(statement, fields));
  return list.map((condition) => ` AND ${condition}`).join('');
}
