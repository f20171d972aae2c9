import { createHash } from 'node:crypto';

/**
 * Names for prepared statements, by their text: parsed and planned once for each connection, and whoever prepared one
 * under this name, another store or another process behind the same PgBouncer, has prepared the same.
 */
export class StatementNames {
  readonly #names = new Map<string, string>();

  of(sql: string): string {
    let name = this.#names.get(sql);
    if (!name) {
      name = `nest_sessions_${createHash('sha256').update(sql).digest('base64url').slice(0, 16)}`;
      this.#names.set(sql, name);
    }
    return name;
  }
}
