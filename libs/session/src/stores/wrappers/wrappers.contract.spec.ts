import { createClient } from 'redis';
import { DataSource } from 'typeorm';
import { startRedis } from '../../../../../scripts/redis.js';
import { claiming } from '../../../../../test/support/claiming.js';
import { openDatabase, postgresOptions } from '../../../../../test/support/postgres.js';
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

/** A store, and others on the same engine, as other processes have them. */
interface Opened extends ContractSubject {
  readonly again?: () => Promise<ContractSubject>;
}

async function openPostgres(): Promise<Opened> {
  const { close, dataSource, url } = await openDatabase();
  const again = async () => {
    const other = await new DataSource(postgresOptions(url)).initialize();
    return { store: new TypeOrmSessionStore(other), close: () => other.destroy() };
  };
  return { store: new TypeOrmSessionStore(dataSource), again, close };
}

async function openRedis(): Promise<Opened> {
  const server = await startRedis();
  const again = async () => {
    const client = createClient({ url: server.url }).on('error', () => {});
    await client.connect();
    return { store: new RedisSessionStore(client), close: () => client.close() };
  };
  const first = await again();
  const close = async () => {
    await first.close();
    await server.stop();
  };
  return { store: first.store, again, close };
}

const openMemory = async (): Promise<Opened> => ({ store: new MemorySessionStore() });

function describeWrapped(
  name: string,
  wrap: (...stores: SessionStore[]) => SessionStore,
  open: readonly (() => Promise<Opened>)[],
  options?: ContractOptions<ContractSubject & { parts: readonly Opened[] }>,
): void {
  const wrapped = <T extends ContractSubject>(parts: readonly T[]) => ({
    parts,
    store: wrap(...parts.map(({ store }) => store)),
    close: () => Promise.all(parts.map((part) => part.close?.())),
  });
  const make = async () => wrapped(await Promise.all(open.map((openOne) => openOne())));
  describeSessionStore(name, make, RUNNER, {
    ...(!open.includes(openMemory) && {
      another: async ({ parts }) => wrapped(await Promise.all(parts.map(({ again }) => again!()))),
    }),
    ...options,
  });
}

describeWrapped('encrypted() over memory', (store) => encrypted(store!, KEYS), [openMemory], IN_MEMORY);
describeWrapped('encrypted() over Postgres', (store) => encrypted(store!, KEYS), [openPostgres]);

// While the cache works it keeps what it does not guarantee for when it fails.
const working = (cache?: SessionStore, store?: SessionStore) => {
  return claiming(tiered(cache!, store!), { oneLiveToken: true, revocable: true });
};
describeWrapped('tiered() memory over memory, while the cache works', working, [openMemory, openMemory], IN_MEMORY);
describeWrapped('tiered() Redis over Postgres, while the cache works', working, [openRedis, openPostgres]);
describeWrapped(
  'tiered() memory over memory, if the cache fails',
  (cache, store) => tiered(cache!, store!),
  [openMemory, openMemory],
  {
    without: ['oneLiveToken', 'revocable', 'pingable'],
  },
);

describeWrapped(
  'migrating() from memory to memory',
  (to, from) => migrating(to!, from!),
  [openMemory, openMemory],
  IN_MEMORY,
);
describeWrapped('migrating() from Redis to Postgres', (to, from) => migrating(to!, from!), [openPostgres, openRedis]);

describeWrapped(
  'tiered() over migrating() to encrypted(), in memory',
  (cache, to, from) =>
    claiming(tiered(cache!, migrating(encrypted(to!, KEYS), from!)), { oneLiveToken: true, revocable: true }),
  [openMemory, openMemory, openMemory],
  IN_MEMORY,
);
