import { openDatabase } from '../../../../../test/support/postgres.js';
import { describeSessionStore } from '../../testing/store.contract.js';
import { TypeOrmSessionStore } from './typeorm.store.js';

describeSessionStore(
  'TypeOrmSessionStore on Postgres',
  async () => {
    const { close, dataSource } = await openDatabase();
    return { store: new TypeOrmSessionStore(dataSource), close };
  },
  { describe, it, beforeAll, afterAll },
);
