import { TypeOrmSessionStore } from 'nest-sessions/typeorm';
import { tiered } from 'nest-sessions/wrappers';
import { DataSource } from 'typeorm';
import type { Config } from '../config.js';
import type { OpenedStore } from './opened-store.js';
import { openPostgres } from './postgres.js';
import { openRedis } from './redis.js';

/** Postgres, with Redis in front of it. The DataSource is Nest's, so the store is made when Nest has it. */
export async function openTiered(config: Config): Promise<OpenedStore> {
  const cache = await openRedis(config);
  const postgres = await openPostgres(config);
  return {
    store: {
      inject: [DataSource],
      useFactory: (dataSource: DataSource) => tiered(cache.store, new TypeOrmSessionStore(dataSource)),
    },
    imports: postgres.imports,
    where: `${postgres.where}, with copies in ${cache.where}`,
    close: async () => {
      await cache.close();
      await postgres.close();
    },
  };
}
