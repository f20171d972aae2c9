import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { mariadbOptions, openMariadb } from '../../../../../test/support/mariadb.js';
import { describeSessionStore } from '../../testing/store.contract.js';
import { TypeOrmSessionStore } from './typeorm.store.js';

describeSessionStore(
  'TypeOrmSessionStore on MariaDB',
  async () => {
    const { close, dataSource, server } = await openMariadb();
    return { store: new TypeOrmSessionStore(dataSource), server, close };
  },
  { describe, it, beforeAll, afterAll },
  {
    async another({ server }) {
      const dataSource = await new DataSource(mariadbOptions(server.url)).initialize();
      return { store: new TypeOrmSessionStore(dataSource), close: () => dataSource.destroy() };
    },
  },
);
