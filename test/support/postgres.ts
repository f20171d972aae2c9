import { randomUUID } from 'node:crypto';
import { CreateSessionTables, SessionEntity, SessionEpochEntity } from 'nest-sessions/typeorm';
import { Client as PgClient } from 'pg';
import { DataSource, type DataSourceOptions } from 'typeorm';

/** The options of a connection to a database. */
export function postgresOptions(url: string): DataSourceOptions & { type: 'postgres' } {
  return {
    type: 'postgres',
    url,
    entities: [SessionEntity, SessionEpochEntity],
    migrations: [CreateSessionTables],
    extra: { max: 10 },
  };
}

/** The Postgres that jest.setup starts once for all suites. */
export function serverUrl(): string {
  const url = process.env['TEST_POSTGRES_URL'];
  if (!url) throw new Error('TEST_POSTGRES_URL is not set: Jest starts Postgres in test/support/global-setup.js.');
  return url;
}

/** As much of the `pg` package's Client and Pool as the suites use. */
export interface Connection {
  query<T = Record<string, unknown>>(sql: string, values?: unknown[]): Promise<{ rows: T[] }>;
  end(): Promise<void>;
}

export interface Pool {
  readonly options: { max: number };
  readonly totalCount: number;
  connect(): Promise<{ release(): void }>;
  query: Connection['query'];
}

/** The connections that a DataSource works with. */
export function poolOf(dataSource: DataSource): Pool {
  return (dataSource.driver as unknown as { master: Pool }).master;
}

export interface Database {
  readonly name: string;
  readonly url: string;
  readonly dataSource: DataSource;
  /** A connection of one's own, beside those of the DataSource. */
  connect(): Promise<Connection>;
  close(): Promise<void>;
}

/** An empty database of its own on the common server. Dropped by `drop`. */
export async function createDatabase(): Promise<{ name: string; url: string; drop(): Promise<void> }> {
  const admin = await new DataSource({ type: 'postgres', url: serverUrl() }).initialize();
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await admin.query(`CREATE DATABASE ${name}`);
  return {
    name,
    url: Object.assign(new URL(serverUrl()), { pathname: `/${name}` }).href,
    async drop() {
      await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
      await admin.destroy();
    },
  };
}

/** A database of its own on the common server, with the session tables. Dropped by `close`. */
export async function openDatabase(): Promise<Database> {
  const { drop, name, url } = await createDatabase();
  const dataSource = await new DataSource(postgresOptions(url)).initialize();
  await dataSource.runMigrations();
  return {
    name,
    url,
    dataSource,
    async connect() {
      const client = new PgClient(url);
      await client.connect();
      return client;
    },
    async close() {
      await dataSource.destroy();
      await drop();
    },
  };
}
