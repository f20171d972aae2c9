import type { DataSource } from 'typeorm';
import type { SessionRecord } from '../../core/record.js';
import type { TextChanges } from '../../core/store.js';
import { type Answer, connected, type Dialect, fullness, retried, split, type Statement, toJson } from './dialect.js';
import { COLUMNS, type SessionRow, toRecord, toRow } from './session.row.js';
import { StatementNames } from './statement.names.js';

/** Any number of our own; taken for the length of one batch, so that one node sweeps at a time. */
const SWEEP_LOCK = 0x6e657374;

/** `undefined_table` and `undefined_column`: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const MISSING = new Set<unknown>(['42P01', '42703']);
/** `serialization_failure` and `deadlock_detected`. */
const LOST_RACES = new Set(['40001', '40P01']);
/** `disk_full` and `out_of_memory`. */
const FULL = new Set(['53100', '53200']);

/**
 * What a connection pooler that hands out another server connection each time makes of prepared statements (`invalid`,
 * `duplicate`), and what the database makes of one whose table has changed. None of them has done anything.
 */
const UNPREPARED = new Set<unknown>(['26000', '42P05', '0A000']);

/** As much of the `pg` package's Pool as is used here. */
interface Pool {
  query<T>(statement: { name?: string; text: string; values: unknown[] }): Promise<Answer<T>>;
}

/** Postgres, through the `pg` package. Fields are `jsonb`, and every verb is one statement. */
export class PostgresDialect implements Dialect {
  readonly toRecord = toRecord;
  /** For the transaction of this statement alone: https://www.postgresql.org/docs/current/wal-async-commit.html */
  readonly withoutWaiting = "(SELECT set_config('synchronous_commit', 'off', true)) = 'off'";
  readonly #names = new StatementNames();
  #prepares = true;

  constructor(private readonly dataSource: DataSource) {}

  placeholder(n: number): string {
    return `$${n}`;
  }

  userId(id: string): string {
    return id;
  }

  merged(statement: Statement, column: string, changes: TextChanges, replace: boolean): string {
    const { removed, set } = split(changes);
    const old = replace ? "'{}'::jsonb" : column;
    const kept = removed.length > 0 ? `(${old} - ${statement.value(removed)}::text[])` : old;
    return set.size > 0 ? `${kept} || ${statement.value(toJson(set))}::jsonb` : kept;
  }

  extended(statement: Statement, expiresAt: number): string {
    return `LEAST(GREATEST(expires_at, ${statement.value(expiresAt)}::bigint), absolute_expires_at)`;
  }

  holds(statement: Statement, fields: TextChanges): string[] {
    const { removed, set } = split(fields);
    const list: string[] = [];
    if (set.size > 0) list.push(`fields @> ${statement.value(toJson(set))}::jsonb`);
    if (removed.length > 0) list.push(`NOT jsonb_exists_any(fields, ${statement.value(removed)}::text[])`);
    return list;
  }

  async create(record: SessionRecord): Promise<boolean> {
    const { rowCount } = await this.query(
      `INSERT INTO sessions (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7::jsonb, $8, $9, $10, $11, $12)
       ON CONFLICT (id) DO NOTHING`,
      toRow(record),
    );
    return rowCount === 1;
  }

  async readAll(ids: string[], now: number): Promise<SessionRow[]> {
    const { rows } = await this.query<SessionRow>(
      `SELECT ${COLUMNS} FROM sessions WHERE id = ANY($1::text[]) AND expires_at > $2`,
      [ids, now],
    );
    return rows;
  }

  async raiseEpoch(userId: string, now: number): Promise<void> {
    await this.query(
      `INSERT INTO session_epochs (user_id, epoch) VALUES ($1, $2)
       ON CONFLICT (user_id) DO UPDATE SET epoch = GREATEST(session_epochs.epoch, EXCLUDED.epoch)`,
      [userId, now],
    );
  }

  /** A second node that tries at the same time finds nothing to do; a row in use is left alone. */
  async sweep(now: number, limit: number, epochsBefore: number): Promise<number> {
    const { rowCount } = await this.query(
      `WITH turn AS MATERIALIZED (SELECT pg_try_advisory_xact_lock($3) AS mine),
       old_epochs AS (DELETE FROM session_epochs WHERE epoch < $4::bigint AND (SELECT mine FROM turn))
       DELETE FROM sessions WHERE id = ANY (ARRAY(
         SELECT id FROM sessions WHERE expires_at <= $1::bigint AND (SELECT mine FROM turn)
         LIMIT $2 FOR UPDATE SKIP LOCKED))`,
      [now, limit, SWEEP_LOCK, epochsBefore],
    );
    return rowCount ?? 0;
  }

  query<T>(sql: string, values: unknown[]): Promise<Answer<T>> {
    return retried(() => this.#run<T>(sql, values), LOST_RACES, failureOf);
  }

  async #run<T>(text: string, values: unknown[]): Promise<Answer<T>> {
    if (!this.#prepares) return this.#pool.query<T>({ text, values });
    try {
      return await this.#pool.query<T>({ name: this.#names.of(text), text, values });
    } catch (error) {
      if (!UNPREPARED.has((error as { code?: unknown }).code)) throw error;
      this.#prepares = false;
      return this.#run(text, values);
    }
  }

  isMissing(error: unknown): boolean {
    return MISSING.has((error as { code?: unknown }).code);
  }

  get #pool(): Pool {
    return connected((this.dataSource.driver as unknown as { master?: Pool }).master);
  }
}

/** Postgres repeats the row it refuses in the details of its error: a token's hash and people's data, on the way to a log. */
function failureOf(error: unknown): unknown {
  for (const name of ['detail', 'where', 'internalQuery']) Reflect.deleteProperty(error as object, name);
  return fullness(error, FULL);
}
