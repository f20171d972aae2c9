import { setTimeout as delay } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import type { SessionRecord } from '../../core/record.js';
import type { TextChanges } from '../../core/store.js';
import { type Answer, connected, type Dialect, fullness, split, type Statement, toJson } from './dialect.js';
import { COLUMNS, toRecord, toRow } from './session.row.js';

/** How long a write waits for the end of a transaction. No request waits longer for its session. */
const TRANSACTION_MS = 1_000;

/** https://www.sqlite.org/rescode.html#full */
const FULL = new Set(['SQLITE_FULL']);

/** As much of the `better-sqlite3` package's Database as is used here. */
interface Database {
  readonly inTransaction: boolean;
  prepare(sql: string): {
    readonly reader: boolean;
    all(values: unknown[]): unknown[];
    run(values: unknown[]): { changes: number };
  };
}

/** SQLite 3.38 or newer, through the `better-sqlite3` package. Fields are JSON, and every verb is one statement. */
export class SqliteDialect implements Dialect {
  readonly toRecord = toRecord;

  constructor(private readonly dataSource: DataSource) {}

  placeholder(): string {
    return '?';
  }

  userId(id: string): string {
    return id;
  }

  merged(statement: Statement, column: string, changes: TextChanges, replace: boolean): string {
    if (replace) return statement.value(toJson(split(changes).set));
    // RFC 7396: `null` removes, and a text never is one.
    return `json_patch(${column}, ${statement.value(toJson(changes))})`;
  }

  extended(statement: Statement, expiresAt: number): string {
    return `min(max(expires_at, ${statement.value(expiresAt)}), absolute_expires_at)`;
  }

  holds(statement: Statement, fields: TextChanges): string[] {
    const { removed, set } = split(fields);
    const pairs = (json: string) => `SELECT key, value FROM json_each(${json})`;
    const list: string[] = [];
    if (set.size > 0) {
      list.push(`NOT EXISTS (${pairs(statement.value(toJson(set)))} EXCEPT ${pairs('sessions.fields')})`);
    }
    if (removed.length > 0) {
      const names = `SELECT value FROM json_each(${statement.value(JSON.stringify(removed))})`;
      list.push(`NOT EXISTS (SELECT 1 FROM json_each(sessions.fields) WHERE key IN (${names}))`);
    }
    return list;
  }

  async create(record: SessionRecord): Promise<boolean> {
    const { rowCount } = await this.query(
      `INSERT INTO sessions (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
      toRow(record),
    );
    return rowCount === 1;
  }

  async raiseEpoch(userId: string, now: number): Promise<void> {
    await this.query(
      `INSERT INTO session_epochs (user_id, epoch) VALUES (?, ?)
       ON CONFLICT (user_id) DO UPDATE SET epoch = max(epoch, excluded.epoch)`,
      [userId, now],
    );
  }

  /** SQLite lets one write at a time, so that no two sweep the same. */
  async sweep(now: number, limit: number, epochsBefore: number): Promise<number> {
    await this.query('DELETE FROM session_epochs WHERE epoch < ?', [epochsBefore]);
    const { rowCount } = await this.query(
      'DELETE FROM sessions WHERE rowid IN (SELECT rowid FROM sessions WHERE expires_at <= ? LIMIT ?)',
      [now, limit],
    );
    return rowCount ?? 0;
  }

  async query<T>(sql: string, values: unknown[]): Promise<Answer<T>> {
    const database = this.#database;
    const statement = database.prepare(sql);
    if (statement.reader) {
      const rows = statement.all(values) as T[];
      return { rows, rowCount: rows.length };
    }
    if (database.inTransaction) await transactionEnd(database);
    try {
      return { rows: [], rowCount: statement.run(values).changes };
    } catch (error) {
      throw fullness(error, FULL);
    }
  }

  isMissing(error: unknown): boolean {
    return /^no such (table|column)/.test((error as Error).message);
  }

  get #database(): Database {
    return connected((this.dataSource.driver as unknown as { databaseConnection?: Database }).databaseConnection);
  }
}

/**
 * TypeORM has one connection to SQLite. A write in the middle of a transaction of the application's would become part of
 * it: a rollback would undo what was acknowledged, and bring back who had logged out.
 */
async function transactionEnd(database: Database): Promise<void> {
  for (let waited = 0; database.inTransaction; waited++) {
    if (waited >= TRANSACTION_MS) {
      throw new Error(
        'TypeOrmSessionStore cannot write: the only connection of its DataSource is in a transaction. ' +
          'Give the store a DataSource of its own, or save the session outside of transactions.',
      );
    }
    await delay(1);
  }
}
