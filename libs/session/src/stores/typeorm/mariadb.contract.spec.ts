import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { openMariadb } from '../../../../../test/support/mariadb.js';
import { describeSessionStore } from '../../testing/store.contract.js';
import { TypeOrmSessionStore } from './typeorm.store.js';

describeSessionStore(
  'TypeOrmSessionStore on MariaDB',
  async () => {
    const { close, dataSource } = await openMariadb();
    return { store: new TypeOrmSessionStore(dataSource), close };
  },
  { describe, it, beforeAll, afterAll },
);
