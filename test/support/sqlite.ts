import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateSessionTables, sessionEntities } from 'nest-sessions/typeorm';
import { DataSource, type DataSourceOptions } from 'typeorm';

/**
 * `libsql` has the API of better-sqlite3, and SQLite's own files, and comes from npm as it is. better-sqlite3 itself has
 * to be built or fetched from elsewhere on Node 20; where it is installed, TEST_SQLITE_DRIVER=better-sqlite3 tests it.
 */
const driver: unknown = createRequire(join(process.cwd(), 'package.json'))(
  process.env['TEST_SQLITE_DRIVER'] ?? 'libsql',
);

/** The options of a connection to a database file. */
export function sqliteOptions(database: string): DataSourceOptions & { type: 'better-sqlite3' } {
  return {
    type: 'better-sqlite3',
    driver,
    database,
    enableWAL: true,
    timeout: 1_000,
    entities: sessionEntities('better-sqlite3'),
    migrations: [CreateSessionTables],
  };
}

export interface SqliteFile {
  readonly file: string;
  readonly dataSource: DataSource;
  /** Another connection to the same file, as another process has. */
  connect(): Promise<DataSource>;
  close(): Promise<void>;
}

/** A database in a file of its own, with the session tables. */
export async function openSqlite(): Promise<SqliteFile> {
  const folder = await mkdtemp(join(tmpdir(), 'nest-sessions-sqlite-'));
  const file = join(folder, 'sessions.db');
  const open: DataSource[] = [];
  const connect = async () => {
    const dataSource = await new DataSource(sqliteOptions(file)).initialize();
    open.push(dataSource);
    return dataSource;
  };
  const dataSource = await connect();
  await dataSource.runMigrations();
  return {
    file,
    dataSource,
    connect,
    async close() {
      await Promise.all(open.map((one) => one.destroy()));
      await rm(folder, { recursive: true });
    },
  };
}
