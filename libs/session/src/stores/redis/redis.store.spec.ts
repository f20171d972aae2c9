import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { createClient } from 'redis';
import { type RedisServer, startRedis } from '../../../../../scripts/redis.js';
import { describeSessionStore } from '../../testing/store.contract.js';
import { RedisSessionStore } from './redis.store.js';

let server: RedisServer;

beforeAll(async () => {
  server = await startRedis();
});

afterAll(() => server.stop());

// On ioredis and on a cluster: redis.cluster.spec.ts. On other clients the verbs: redis.client.spec.ts.
async function openStore() {
  const client = createClient({ url: server.url }).on('error', () => {});
  await client.connect();
  return { store: new RedisSessionStore(client), close: () => client.close() };
}

describeSessionStore(
  'RedisSessionStore',
  openStore,
  { describe, it, beforeAll, afterAll },
  { without: ['sweepable'], another: openStore },
);

it('I17 C-3 of all that the contract has stored nothing stays for ever', async () => {
  const client = await createClient({ url: server.url }).connect();
  const keys = await client.keys('*');
  const ttls = await Promise.all(keys.map((key) => client.pTTL(key)));
  assert.ok(keys.length > 300);
  assert.equal(ttls.filter((ttl) => ttl < 0).length, 0);
  await client.close();
});
