import { MemcacheClient } from 'memcache-client';
import { type MemcachedServer, startMemcached } from '../../../../../scripts/memcached.js';
import { describeSessionStore } from '../../testing/store.contract.js';
import { MemcachedSessionStore } from './memcached.store.js';

const RUNNER = { describe, it, beforeAll, afterAll };
const OPTIONS = {
  without: ['listable', 'sweepable'],
  another: async ({ servers }: { servers: readonly MemcachedServer[] }) => storeOn(servers),
} as const;

function storeOn(servers: readonly MemcachedServer[]) {
  const clients = servers.map(({ address }) => new MemcacheClient({ server: address }));
  const named = Object.fromEntries(clients.map((client, index) => [`cache-${index}`, client]));
  return {
    store: new MemcachedSessionStore(servers.length > 1 ? named : clients[0]!),
    close: () => clients.forEach((client) => client.shutdown()),
  };
}

async function openStore(count: number) {
  const servers = await Promise.all(Array.from({ length: count }, () => startMemcached()));
  const { close, store } = storeOn(servers);
  return {
    store,
    servers,
    async close() {
      close();
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}

describeSessionStore('MemcachedSessionStore', () => openStore(1), RUNNER, OPTIONS);
describeSessionStore('MemcachedSessionStore on three servers', () => openStore(3), RUNNER, OPTIONS);
