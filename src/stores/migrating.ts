import { TypeOrmSessionStore } from 'nest-sessions/typeorm';
import { migrating } from 'nest-sessions/wrappers';
import { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import { openFile } from './file.js';
import type { OpenedStore } from './opened-store.js';
import { openPostgres } from './postgres.js';

/** On the way from SESSION_STORE=file to Postgres: who was logged in there is logged in here, and moves when they come. */
export async function openMigrating(config: Config): Promise<OpenedStore> {
  const file = await openFile(config);
  const postgres = await openPostgres(config);
  return {
    ...postgres,
    store: {
      inject: [DataSource],
      useFactory: (dataSource: DataSource) => migrating(new TypeOrmSessionStore(dataSource), file.store),
    },
    where: `${postgres.where}, on the way from ${file.where}`,
  };
}
