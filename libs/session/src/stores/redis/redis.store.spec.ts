import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { type RedisServer, startRedis } from '../../../../../scripts/redis.js';
import { describeSessionStore } from '../../testing/store.contract.js';
import { RedisSessionStore } from './redis.store.js';

let server: RedisServer;

beforeAll(async () => {
  server = await startRedis();
});

afterAll(() => server.stop());

describeSessionStore(
  'RedisSessionStore on node-redis',
  async () => {
    const client = await createClient({ url: server.url }).connect();
    return { store: new RedisSessionStore(client), close: () => client.close() };
  },
  { describe, it, beforeAll, afterAll },
  { without: ['sweepable'] },
);

describeSessionStore(
  'RedisSessionStore on ioredis',
  async () => {
    const client = new Redis(server.url);
    return { store: new RedisSessionStore(client), close: () => client.quit() };
  },
  { describe, it, beforeAll, afterAll },
  { without: ['sweepable'] },
);
