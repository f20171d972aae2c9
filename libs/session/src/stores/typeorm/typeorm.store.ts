import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { SessionConfigError } from '../../core/errors.js';
import type { SessionRecord } from '../../core/record.js';
import type {
  Expectation,
  Pingable,
  SessionChange,
  SessionStore,
  SessionStoreGuarantees,
  Sweepable,
  UpdateResult,
  UserIndex,
} from '../../core/store.js';
import { assignments, conditions, extension, Statement } from './change.sql.js';
import { CREATE_SESSION_TABLES } from './create-session-tables.migration.js';
import { COLUMNS, type SessionRow, toRecord, toRow } from './session.row.js';

/** Any number of our own; taken for the length of one batch, so that one node sweeps at a time. */
const SWEEP_LOCK = 0x6e657374;
/** An epoch is asked for by logins under way; none takes an hour. Milliseconds. */
const EPOCH_KEPT = 3_600_000;

/** `undefined_table` and `undefined_column`: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const MISSING = new Set(['42P01', '42703']);
/** `serialization_failure` and `deadlock_detected`. */
const LOST_RACES = new Set(['40001', '40P01']);

/** As much of the `pg` package's Pool as is used here. */
interface Pool {
  query<T>(sql: string, values: unknown[]): Promise<{ rows: T[]; rowCount: number | null }>;
}

/**
 * Keeps sessions in Postgres, through the DataSource of the application. Every verb is one statement: fields are
 * merged by the database, and the conditions of a write are in its `WHERE`.
 *
 * Needs the tables of `CreateSessionTables`, or `SessionEntity` and `SessionEpochEntity` with `synchronize`.
 */
@Injectable()
export class TypeOrmSessionStore implements SessionStore, UserIndex, Sweepable, Pingable {
  readonly guarantees: SessionStoreGuarantees = {
    atomicUpdate: true,
    oneLiveToken: true,
    revocable: true,
    listable: true,
  };

  constructor(@Inject(DataSource) private readonly dataSource: DataSource) {
    const type = dataSource?.options?.type;
    if (type !== 'postgres') {
      throw new SessionConfigError(
        `TypeOrmSessionStore needs a TypeORM DataSource of type 'postgres', and was given ${type ? `'${type}'` : 'none'}.`,
      );
    }
  }

  async create(record: SessionRecord): Promise<boolean> {
    const rows = await this.#query(
      `INSERT INTO sessions (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7::jsonb, $8, $9, $10, $11, $12)
       ON CONFLICT (id) DO NOTHING RETURNING id`,
      toRow(record),
    );
    return rows.length > 0;
  }

  async read(id: string, now: number): Promise<SessionRecord | undefined> {
    const [row] = await this.#query(`SELECT ${COLUMNS} FROM sessions WHERE id = $1 AND expires_at > $2`, [id, now]);
    return row && toRecord(row);
  }

  async update(id: string, change: SessionChange, now: number): Promise<UpdateResult> {
    const statement = new Statement();
    const sets = assignments(statement, change);
    return this.#write(statement, sets, id, now, change.expect);
  }

  async touch(id: string, expiresAt: number, now: number, expect: Expectation): Promise<UpdateResult> {
    const statement = new Statement();
    const sets = extension(statement, expiresAt);
    return this.#write(statement, sets, id, now, expect);
  }

  async delete(id: string, expect: Expectation = {}): Promise<boolean> {
    const statement = new Statement();
    const where = `id = ${statement.value(id)}${conditions(statement, expect)}`;
    return (await this.#affected(`DELETE FROM sessions WHERE ${where}`, statement.values)) > 0;
  }

  async listByUser(userId: string, now: number): Promise<SessionRecord[]> {
    const rows = await this.#query(`SELECT ${COLUMNS} FROM sessions WHERE user_id = $1 AND expires_at > $2`, [
      userId,
      now,
    ]);
    return rows.map(toRecord);
  }

  async raiseEpoch(userId: string, now: number): Promise<void> {
    await this.#query(
      `INSERT INTO session_epochs (user_id, epoch) VALUES ($1, $2)
       ON CONFLICT (user_id) DO UPDATE SET epoch = GREATEST(session_epochs.epoch, EXCLUDED.epoch)`,
      [userId, now],
    );
  }

  async epoch(userId: string): Promise<number> {
    const rows = await this.#query<{ epoch: string }>('SELECT epoch FROM session_epochs WHERE user_id = $1', [userId]);
    return Number(rows[0]?.epoch ?? 0);
  }

  /** One bounded batch. A second node that tries at the same time finds nothing to do; a row in use is left alone. */
  async sweep(now: number, limit: number): Promise<number> {
    return this.#affected(
      `WITH turn AS MATERIALIZED (SELECT pg_try_advisory_xact_lock($3) AS mine),
       old_epochs AS (DELETE FROM session_epochs WHERE epoch < $1::bigint - ${EPOCH_KEPT} AND (SELECT mine FROM turn))
       DELETE FROM sessions WHERE id = ANY (ARRAY(
         SELECT id FROM sessions WHERE expires_at <= $1::bigint AND (SELECT mine FROM turn)
         LIMIT $2 FOR UPDATE SKIP LOCKED))`,
      [now, limit, SWEEP_LOCK],
    );
  }

  /** Whether database and tables are there. */
  async ping(): Promise<void> {
    try {
      await this.#query(`SELECT ${COLUMNS} FROM sessions LIMIT 0`, []);
      await this.#query('SELECT user_id, epoch FROM session_epochs LIMIT 0', []);
    } catch (cause) {
      const { code, message } = cause as { code?: string; message: string };
      if (!code || !MISSING.has(code)) throw cause;
      throw new SessionConfigError(setUpAdvice(message), { cause });
    }
  }

  /** One statement that answers `'ok'` or, since no row tells why it was not hit, `'conflict'`. */
  async #write(
    statement: Statement,
    sets: string,
    id: string,
    now: number,
    expect: Expectation,
  ): Promise<UpdateResult> {
    const where = `id = ${statement.value(id)} AND expires_at > ${statement.value(now)}${conditions(statement, expect)}`;
    const affected = await this.#affected(`UPDATE sessions SET ${sets} WHERE ${where}`, statement.values);
    return affected > 0 ? 'ok' : 'conflict';
  }

  async #query<T = SessionRow>(sql: string, values: unknown[]): Promise<T[]> {
    return (await this.#run<T>(sql, values)).rows;
  }

  async #affected(sql: string, values: unknown[]): Promise<number> {
    return (await this.#run(sql, values)).rowCount ?? 0;
  }

  /** A statement that lost to another transaction has done nothing, and may be tried once more. */
  async #run<T>(sql: string, values: unknown[]): Promise<{ rows: T[]; rowCount: number | null }> {
    try {
      return await this.#pool.query<T>(sql, values);
    } catch (error) {
      if (!LOST_RACES.has((error as { code?: string }).code ?? '')) throw withoutValues(error);
      return this.#pool.query<T>(sql, values).catch((again: unknown) => Promise.reject(withoutValues(again)));
    }
  }

  /**
   * The driver's own pool instead of `dataSource.query()`: it costs less, and TypeORM's errors and logs carry the values
   * of a statement, which here are people's sessions.
   */
  get #pool(): Pool {
    const { master } = this.dataSource.driver as unknown as { master?: Pool };
    if (!master) {
      throw new SessionConfigError(
        'The DataSource given to TypeOrmSessionStore is not connected: await dataSource.initialize() before.',
      );
    }
    return master;
  }
}

/** Postgres repeats the row it refuses in the details of its error: a token's hash and people's data, on the way to a log. */
function withoutValues(error: unknown): unknown {
  for (const name of ['detail', 'where', 'internalQuery']) Reflect.deleteProperty(error as object, name);
  return error;
}

function setUpAdvice(problem: string): string {
  return (
    `The tables of TypeOrmSessionStore are not as they should be: ${problem}. Add CreateSessionTables from ` +
    "'nest-sessions/typeorm' to the migrations of your DataSource and run: npx typeorm migration:run -d <your data " +
    `source>. Or run this SQL:\n${CREATE_SESSION_TABLES.join(';\n')};`
  );
}
