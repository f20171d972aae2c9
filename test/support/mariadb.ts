import { CreateSessionTables, sessionEntities } from 'nest-sessions/typeorm';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { type MariadbServer, startMariadb } from '../../scripts/mariadb.js';

/** The options of a connection to MariaDB. */
export function mariadbOptions(url: string): DataSourceOptions & { type: 'mariadb' } {
  return {
    type: 'mariadb',
    url,
    entities: sessionEntities('mariadb'),
    migrations: [CreateSessionTables],
    extra: { connectionLimit: 10 },
  };
}

export interface Mariadb {
  readonly server: MariadbServer;
  readonly dataSource: DataSource;
  close(): Promise<void>;
}

/** A server of its own, with the session tables. */
export async function openMariadb(settings?: Record<string, string>): Promise<Mariadb> {
  const server = await startMariadb(settings);
  const dataSource = await new DataSource(mariadbOptions(server.url)).initialize();
  await dataSource.runMigrations();
  return {
    server,
    dataSource,
    async close() {
      await dataSource.destroy();
      await server.stop();
    },
  };
}
