import { randomUUID } from 'node:crypto';
import { CreateSessionTables, SessionEntity, SessionEpochEntity } from 'nest-sessions/typeorm';
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

/** A database of its own on the common server, with the session tables. Dropped by `close`. */
export async function openDatabase(): Promise<{ url: string; dataSource: DataSource; close(): Promise<void> }> {
  const admin = await new DataSource({ type: 'postgres', url: serverUrl() }).initialize();
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await admin.query(`CREATE DATABASE ${name}`);
  const url = Object.assign(new URL(serverUrl()), { pathname: `/${name}` }).href;
  const dataSource = await new DataSource(postgresOptions(url)).initialize();
  await dataSource.runMigrations();
  return {
    url,
    dataSource,
    async close() {
      await dataSource.destroy();
      await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
      await admin.destroy();
    },
  };
}
