import { CreateSessionTables, SessionEntity, SessionEpochEntity } from 'nest-sessions/typeorm';
import type { DataSourceOptions } from 'typeorm';

/** The same for the shop and, through ormconfig.ts, for TypeORM's command line. */
export function databaseOptions(url: string | undefined): DataSourceOptions {
  return {
    type: 'postgres',
    url,
    entities: [SessionEntity, SessionEpochEntity],
    migrations: [CreateSessionTables],
  };
}
