import type { DataSource } from 'typeorm';
import { SessionConfigError } from '../../core/errors.js';
import type { SessionRecord } from '../../core/record.js';
import type { TextChanges } from '../../core/store.js';
import { type Answer, connected, type Dialect, fullness, retried, split, type Statement, toJson } from './dialect.js';
import { escaped, pathOf, unescaped } from './mysql.names.js';
import { execute, type MysqlPool, onConnection, withoutValues } from './mysql.pool.js';
import { COLUMNS, type SessionRow, toRecord, toRow } from './session.row.js';

/** The second is MariaDB's own: https://mariadb.com/kb/en/innodb-system-variables/#innodb_snapshot_isolation */
const LOST_RACES = new Set(['ER_LOCK_DEADLOCK', 'ER_CHECKREAD']);
/** 1021 and 1114: https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html */
const FULL = new Set(['ER_DISK_FULL', 'ER_RECORD_FILE_FULL']);
const MISSING = new Set<unknown>(['ER_NO_SUCH_TABLE', 'ER_BAD_FIELD_ERROR']);

/** Locks are the whole server's; a database's name may be longer than theirs. */
const SWEEP_LOCK = "CONCAT('nest-sessions ', MD5(DATABASE()))";

const SETTINGS = `SELECT @@SESSION.sql_mode AS mode, @@SESSION.character_set_client AS encoding, @@autocommit AS commits,
  (SELECT GROUP_CONCAT(CONCAT(table_name, '.', column_name)) FROM information_schema.columns
   WHERE table_schema = DATABASE() AND table_name IN ('sessions', 'session_epochs')
   AND column_name IN ('id', 'secret_hash', 'user_id') AND collation_name <> 'utf8mb4_bin') AS loose`;

interface Settings {
  readonly mode: string;
  readonly encoding: string;
  readonly commits: unknown;
  /** The columns whose collation is none of ours, if any. */
  readonly loose: string | null;
}

/**
 * MySQL 8 and MariaDB, through the `mysql2` package.
 *
 * JSON_MERGE_PATCH sets but does not remove: MariaDB 10.11 loses other changes beside a removal. (Of `{"a":"1","b":"2"}`
 * and the patch `{"b":"3","a":null}` it makes `{"b":"2"}`.)
 */
export class MysqlDialect implements Dialect {
  constructor(private readonly dataSource: DataSource) {
    const { extra, flags } = dataSource.options as { flags?: unknown; extra?: { flags?: unknown } };
    // Without it the server counts changed rows: a touch that extends nothing would look like one that was refused.
    if (/-FOUND_ROWS/i.test(`${flags},${extra?.flags}`)) {
      throw new SessionConfigError(
        "TypeOrmSessionStore needs mysql2's FOUND_ROWS flag: take '-FOUND_ROWS' out of the DataSource's flags.",
      );
    }
  }

  placeholder(): string {
    return '?';
  }

  userId(id: string): string {
    return escaped(id);
  }

  merged(statement: Statement, column: string, changes: TextChanges, replace: boolean): string {
    const { removed, set } = split(changes);
    if (replace) return statement.value(json(set));
    const paths = removed.map((name) => `, ${statement.value(pathOf(name))}`).join('');
    const kept = paths ? `JSON_REMOVE(${column}${paths})` : column;
    return set.size > 0 ? `JSON_MERGE_PATCH(${kept}, ${statement.value(json(set))})` : kept;
  }

  extended(statement: Statement, expiresAt: number): string {
    return `LEAST(GREATEST(expires_at, ${statement.value(expiresAt)}), absolute_expires_at)`;
  }

  holds(statement: Statement, fields: TextChanges): string[] {
    const { removed, set } = split(fields);
    const list: string[] = [];
    if (set.size > 0) list.push(`JSON_CONTAINS(fields, ${statement.value(json(set))})`);
    const paths = removed.map((name) => `, ${statement.value(pathOf(name))}`).join('');
    if (paths) list.push(`NOT JSON_CONTAINS_PATH(fields, 'one'${paths})`);
    return list;
  }

  /** Not INSERT IGNORE, which would cut what is too long and ignore more than a taken id. */
  async create(record: SessionRecord): Promise<boolean> {
    const { fields, meta, userId } = record;
    const row = toRow({
      ...record,
      fields: new Map(renamed(fields)),
      meta: new Map(renamed(meta)),
      userId: userId === undefined ? undefined : escaped(userId),
    });
    try {
      await this.query(`INSERT INTO sessions (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, row);
      return true;
    } catch (error) {
      if ((error as { code?: unknown }).code === 'ER_DUP_ENTRY') return false;
      throw error;
    }
  }

  async raiseEpoch(userId: string, now: number): Promise<void> {
    await this.query(
      'INSERT INTO session_epochs (user_id, epoch) VALUES (?, ?) ON DUPLICATE KEY UPDATE epoch = GREATEST(epoch, ?)',
      [escaped(userId), now, now],
    );
  }

  /** A second node that tries at the same time finds nothing to do. */
  async sweep(now: number, limit: number, epochsBefore: number): Promise<number> {
    return onConnection(this.#pool, async (connection) => {
      const run = <T>(sql: string, values: unknown[] = []) =>
        retried(() => execute<T>(connection, sql, values), LOST_RACES, failureOf);
      const { rows } = await run<{ mine: unknown }>(`SELECT GET_LOCK(${SWEEP_LOCK}, 0) AS mine`);
      if (Number(rows[0]?.mine) !== 1) return 0;
      try {
        await run('DELETE FROM session_epochs WHERE epoch < ?', [epochsBefore]);
        // A prepared statement's LIMIT takes integers only, and mysql2 sends doubles.
        const one = `DELETE FROM sessions WHERE expires_at <= ? ORDER BY expires_at, id LIMIT ${Math.trunc(limit)}`;
        return (await run(one, [now])).rowCount ?? 0;
      } finally {
        await run(`SELECT RELEASE_LOCK(${SWEEP_LOCK})`);
      }
    });
  }

  toRecord(row: SessionRow): SessionRecord {
    const { fields, meta, userId, ...rest } = toRecord(row);
    return {
      ...rest,
      fields: new Map([...fields].map(([name, text]) => [unescaped(name), text])),
      meta: new Map([...meta].map(([name, text]) => [unescaped(name), text])),
      userId: userId === undefined ? undefined : unescaped(userId),
    };
  }

  query<T>(sql: string, values: unknown[]): Promise<Answer<T>> {
    const clean = values.length > 0 ? failureOf : (error: unknown) => error;
    return retried(async () => execute<T>(this.#pool, sql, values), LOST_RACES, clean);
  }

  isMissing(error: unknown): boolean {
    return MISSING.has((error as { code?: unknown }).code);
  }

  async complaint(): Promise<string | undefined> {
    const { rows } = await this.query<Settings>(SETTINGS, []);
    const { commits, encoding, loose, mode } = rows[0]!;
    if (Number(commits) !== 1) return 'autocommit is off, so that nothing would ever be stored: switch it on';
    if (encoding !== 'utf8mb4')
      return `the connection's character set is ${encoding}: let the DataSource's charset be utf8mb4`;
    if (!/STRICT_(TRANS|ALL)_TABLES/.test(mode)) {
      return 'sql_mode is not strict, so that what is too long would be cut: add STRICT_TRANS_TABLES to it';
    }
    if (loose) return `the collation of ${loose} takes different texts for the same: let it be utf8mb4_bin`;
    return undefined;
  }

  get #pool(): MysqlPool {
    const { pool, poolCluster } = this.dataSource.driver as unknown as {
      pool?: MysqlPool;
      poolCluster?: { of(nodes: string): MysqlPool };
    };
    // With replication, the node that TypeORM calls so. A session that was just written is not yet on the others.
    const found = connected(pool ?? poolCluster?.of('MASTER'));
    if (typeof found.execute === 'function') return found;
    throw new SessionConfigError(
      "TypeOrmSessionStore needs the mysql2 package, and TypeORM 0.3 has loaded another: set connectorPackage: 'mysql2'.",
    );
  }
}

function failureOf(error: unknown): unknown {
  return fullness(withoutValues(error), FULL);
}

function* renamed<T>(texts: Iterable<readonly [string, T]>): Iterable<readonly [string, T]> {
  for (const [name, text] of texts) yield [escaped(name), text];
}

function json(texts: Iterable<readonly [string, string]>): string {
  return toJson(renamed(texts));
}
