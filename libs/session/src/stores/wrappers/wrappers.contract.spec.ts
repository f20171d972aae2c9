import { createClient } from 'redis';
import { startRedis } from '../../../../../scripts/redis.js';
import { claiming } from '../../../../../test/support/claiming.js';
import { openDatabase } from '../../../../../test/support/postgres.js';
import type { SessionStore } from '../../core/store.js';
import { type ContractOptions, type ContractSubject, describeSessionStore } from '../../testing/store.contract.js';
import { MemorySessionStore } from '../memory/memory.store.js';
import { RedisSessionStore } from '../redis/redis.store.js';
import { TypeOrmSessionStore } from '../typeorm/typeorm.store.js';
import { encrypted } from './encrypted.store.js';
import { migrating } from './migrating.store.js';
import { tiered } from './tiered.store.js';

const RUNNER = { describe, it, beforeAll, afterAll };
const KEYS = ['first key, 32 bytes or more: Zq8/b1x', 'older key, 32 bytes or more: wP3+k9d'];
const IN_MEMORY: ContractOptions = { without: ['pingable'] };

async function openPostgres(): Promise<ContractSubject> {
  const { close, dataSource } = await openDatabase();
  return { store: new TypeOrmSessionStore(dataSource), close };
}

async function openRedis(): Promise<ContractSubject> {
  const server = await startRedis();
  const client = createClient({ url: server.url }).on('error', () => {});
  await client.connect();
  const close = async () => {
    await client.close();
    await server.stop();
  };
  return { store: new RedisSessionStore(client), close };
}

const openMemory = async (): Promise<ContractSubject> => ({ store: new MemorySessionStore() });

function describeWrapped(
  name: string,
  wrap: (...stores: SessionStore[]) => SessionStore,
  open: readonly (() => Promise<ContractSubject>)[],
  options?: ContractOptions,
): void {
  const make = async (): Promise<ContractSubject> => {
    const subjects = await Promise.all(open.map((openOne) => openOne()));
    return {
      store: wrap(...subjects.map(({ store }) => store)),
      close: () => Promise.all(subjects.map((subject) => subject.close?.())),
    };
  };
  describeSessionStore(name, make, RUNNER, options);
}

describeWrapped('encrypted() memory', (store) => encrypted(store!, KEYS), [openMemory], IN_MEMORY);
describeWrapped('encrypted() Postgres', (store) => encrypted(store!, KEYS), [openPostgres]);

// While the cache works it keeps what it does not guarantee for when it fails.
const working = (cache?: SessionStore, store?: SessionStore) => {
  return claiming(tiered(cache!, store!), { oneLiveToken: true, revocable: true });
};
describeWrapped('tiered() memory over memory', working, [openMemory, openMemory], IN_MEMORY);
describeWrapped('tiered() Redis over Postgres', working, [openRedis, openPostgres]);
describeWrapped(
  'tiered(), as it declares itself,',
  (cache, store) => tiered(cache!, store!),
  [openMemory, openMemory],
  {
    without: ['oneLiveToken', 'revocable', 'pingable'],
  },
);

describeWrapped('migrating() memory', (to, from) => migrating(to!, from!), [openMemory, openMemory], IN_MEMORY);
describeWrapped('migrating() from Redis to Postgres', (to, from) => migrating(to!, from!), [openPostgres, openRedis]);

describeWrapped(
  'all three together',
  (cache, to, from) =>
    claiming(tiered(cache!, migrating(encrypted(to!, KEYS), from!)), { oneLiveToken: true, revocable: true }),
  [openMemory, openMemory, openMemory],
  IN_MEMORY,
);
