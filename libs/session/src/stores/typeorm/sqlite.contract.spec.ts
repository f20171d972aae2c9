import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { openSqlite } from '../../../../../test/support/sqlite.js';
import { describeSessionStore } from '../../testing/store.contract.js';
import { TypeOrmSessionStore } from './typeorm.store.js';

describeSessionStore(
  'TypeOrmSessionStore on SQLite',
  async () => {
    const { close, connect, dataSource } = await openSqlite();
    return { store: new TypeOrmSessionStore(dataSource), connect, close };
  },
  { describe, it, beforeAll, afterAll },
  { another: async ({ connect }) => ({ store: new TypeOrmSessionStore(await connect()) }) },
);
