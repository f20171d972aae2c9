import { DataSource } from 'typeorm';
import { openDatabase, postgresOptions } from '../../../../../test/support/postgres.js';
import { describeSessionStore } from '../../testing/store.contract.js';
import { TypeOrmSessionStore } from './typeorm.store.js';

describeSessionStore(
  'TypeOrmSessionStore on Postgres',
  async () => {
    const { close, dataSource, url } = await openDatabase();
    return { store: new TypeOrmSessionStore(dataSource), url, close };
  },
  { describe, it, beforeAll, afterAll },
  {
    async another({ url }) {
      const dataSource = await new DataSource(postgresOptions(url)).initialize();
      return { store: new TypeOrmSessionStore(dataSource), close: () => dataSource.destroy() };
    },
  },
);
