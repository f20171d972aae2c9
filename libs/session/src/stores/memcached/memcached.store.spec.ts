import { MemcacheClient } from 'memcache-client';
import { startMemcached } from '../../../../../scripts/memcached.js';
import { describeSessionStore } from '../../testing/store.contract.js';
import { MemcachedSessionStore } from './memcached.store.js';

const RUNNER = { describe, it, beforeAll, afterAll };
const WITHOUT = { without: ['listable', 'sweepable'] } as const;

async function openStore(count: number) {
  const servers = await Promise.all(Array.from({ length: count }, () => startMemcached()));
  const clients = servers.map(({ address }) => new MemcacheClient({ server: address }));
  const named = Object.fromEntries(clients.map((client, index) => [`cache-${index}`, client]));
  return {
    store: new MemcachedSessionStore(count > 1 ? named : clients[0]!),
    async close() {
      for (const client of clients) client.shutdown();
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}

describeSessionStore('MemcachedSessionStore', () => openStore(1), RUNNER, WITHOUT);
describeSessionStore('MemcachedSessionStore on three servers', () => openStore(3), RUNNER, WITHOUT);
