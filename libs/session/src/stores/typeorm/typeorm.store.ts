import { Inject, Injectable, Optional } from '@nestjs/common';
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
import { assignments, conditions } from './change.sql.js';
import { BatchedReads } from './batched-reads.js';
import { type Dialect, Statement } from './dialect.js';
import { dialectOf } from './dialects.js';
import { COLUMNS, type SessionRow } from './session.row.js';
import { CREATE_SESSION_TABLES, type SessionDatabase } from './session.tables.js';

export interface TypeOrmSessionStoreOptions {
  /**
   * When a change of fields or a sign of life counts as stored. `'relaxed'`, on Postgres only: once the database knows, and
   * not only once its disk does, so that a crash of the database server can undo those of its last moment (three times
   * its `wal_writer_delay`, 0.6 s), and a failover those that no standby has yet. Sessions that are made, logins, new
   * tokens and all ends wait for the disk in any case.
   *
   * @default 'full'
   */
  durability?: 'full' | 'relaxed';
}

/** An epoch is asked for by logins under way; none takes an hour. Milliseconds. */
const EPOCH_KEPT = 3_600_000;

/**
 * Keeps sessions in Postgres, MySQL, MariaDB or SQLite, through the DataSource of the application. Every verb is one
 * statement: fields are merged by the database, and the conditions of a write are in its `WHERE`.
 *
 * Works through the driver's own pool instead of `dataSource.query()`: it costs less, and TypeORM's errors and logs carry
 * the values of a statement, which here are people's sessions.
 *
 * Needs the tables of `CreateSessionTables`, or the entities of `sessionEntities()` with `synchronize`.
 */
@Injectable()
export class TypeOrmSessionStore implements SessionStore, UserIndex, Sweepable, Pingable {
  readonly guarantees: SessionStoreGuarantees = {
    atomicUpdate: true,
    oneLiveToken: true,
    revocable: true,
    listable: true,
  };

  readonly #type: SessionDatabase;
  readonly #dialect: Dialect;
  readonly #reading: string;
  readonly #listing: string;
  readonly #batchedReads: BatchedReads | undefined;
  readonly #epoch: string;
  /** What is said to the database with changes that need not wait for its disk. */
  readonly #relaxation: string;

  /** @throws SessionConfigError for a `durability` that is unknown, or that the database does not have. */
  constructor(@Inject(DataSource) dataSource: DataSource, @Optional() options: TypeOrmSessionStoreOptions = {}) {
    const { dialect, type } = dialectOf(dataSource);
    this.#relaxation = relaxationOf(dialect, type, options);
    this.#type = type;
    this.#dialect = dialect;
    const [one, two] = [dialect.placeholder(1), dialect.placeholder(2)];
    this.#reading = `SELECT ${COLUMNS} FROM sessions WHERE id = ${one} AND expires_at > ${two}`;
    this.#listing = `SELECT ${COLUMNS} FROM sessions WHERE user_id = ${one} AND expires_at > ${two}`;
    this.#batchedReads =
      dialect.readAll && new BatchedReads(dialect.readAll.bind(dialect), dialect.toRecord.bind(dialect));
    this.#epoch = `SELECT epoch FROM session_epochs WHERE user_id = ${one}`;
  }

  async create(record: SessionRecord): Promise<boolean> {
    return this.#dialect.create(record);
  }

  async read(id: string, now: number): Promise<SessionRecord | undefined> {
    if (this.#batchedReads) return this.#batchedReads.read(id, now);
    const { rows } = await this.#dialect.query<SessionRow>(this.#reading, [id, now]);
    return rows[0] && this.#dialect.toRecord(rows[0]);
  }

  async update(id: string, change: SessionChange, now: number): Promise<UpdateResult> {
    const statement = new Statement(this.#dialect);
    const sets = assignments(this.#dialect, statement, change);
    // A sign of life comes with every change of fields, and with nothing else: neither with a new token nor with the move
    // of an old session, which must not be undone.
    const isOrdinary = !change.rotate && change.expiresAt !== undefined;
    return this.#write(statement, sets, id, now, change.expect, isOrdinary ? this.#relaxation : '');
  }

  async touch(id: string, expiresAt: number, now: number, expect: Expectation): Promise<UpdateResult> {
    const statement = new Statement(this.#dialect);
    const sets = `expires_at = ${this.#dialect.extended(statement, expiresAt)}`;
    return this.#write(statement, sets, id, now, expect, this.#relaxation);
  }

  async delete(id: string, expect: Expectation = {}): Promise<boolean> {
    const statement = new Statement(this.#dialect);
    const where = `id = ${statement.value(id)}${conditions(this.#dialect, statement, expect)}`;
    const { rowCount } = await this.#dialect.query(`DELETE FROM sessions WHERE ${where}`, statement.values);
    return rowCount === 1;
  }

  async listByUser(userId: string, now: number): Promise<SessionRecord[]> {
    const values = [this.#dialect.userId(userId), now];
    const { rows } = await this.#dialect.query<SessionRow>(this.#listing, values);
    return Array.from(rows, (row) => this.#dialect.toRecord(row));
  }

  async raiseEpoch(userId: string, now: number): Promise<void> {
    await this.#dialect.raiseEpoch(userId, now);
  }

  async epoch(userId: string): Promise<number> {
    const values = [this.#dialect.userId(userId)];
    const { rows } = await this.#dialect.query<{ epoch: unknown }>(this.#epoch, values);
    return Number(rows[0]?.epoch ?? 0);
  }

  /** One bounded batch. */
  async sweep(now: number, limit: number): Promise<number> {
    return this.#dialect.sweep(now, limit, now - EPOCH_KEPT);
  }

  /** Whether database and tables are there, and as they should be. */
  async ping(): Promise<void> {
    try {
      await this.#dialect.query(`SELECT ${COLUMNS} FROM sessions LIMIT 0`, []);
      await this.#dialect.query('SELECT user_id, epoch FROM session_epochs LIMIT 0', []);
    } catch (cause) {
      if (!this.#dialect.isMissing(cause)) throw cause;
      throw new SessionConfigError(setUpAdvice(this.#type, (cause as Error).message), { cause });
    }
    const complaint = await this.#dialect.complaint?.();
    if (complaint) throw new SessionConfigError(`TypeOrmSessionStore cannot work on this database: ${complaint}.`);
  }

  /** One statement that answers `'ok'` or, since no row tells why it was not hit, `'conflict'`. */
  async #write(
    statement: Statement,
    sets: string,
    id: string,
    now: number,
    expect: Expectation,
    relaxation: string,
  ): Promise<UpdateResult> {
    const where =
      `id = ${statement.value(id)} AND expires_at > ${statement.value(now)}` +
      conditions(this.#dialect, statement, expect) +
      relaxation;
    const { rowCount } = await this.#dialect.query(`UPDATE sessions SET ${sets} WHERE ${where}`, statement.values);
    return rowCount === 1 ? 'ok' : 'conflict';
  }
}

function relaxationOf(dialect: Dialect, type: SessionDatabase, options: TypeOrmSessionStoreOptions): string {
  const { durability = 'full' } = options;
  if (durability === 'full') return '';
  if (durability !== 'relaxed') {
    throw new SessionConfigError(
      `TypeOrmSessionStore: durability is ${JSON.stringify(durability)}, and must be 'full' or 'relaxed'.`,
    );
  }
  if (dialect.withoutWaiting) return ` AND ${dialect.withoutWaiting}`;
  throw new SessionConfigError(
    `TypeOrmSessionStore: durability can be 'relaxed' on Postgres only, and this is ${type}.`,
  );
}

function setUpAdvice(type: SessionDatabase, problem: string): string {
  return (
    `The tables of TypeOrmSessionStore are not as they should be: ${problem}. Add CreateSessionTables from ` +
    "'nest-sessions/typeorm' to the migrations of your DataSource and run: npx typeorm migration:run -d <your data " +
    `source>. Or run this SQL:\n${CREATE_SESSION_TABLES[type].join(';\n')};`
  );
}
