import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis as Valkey } from 'iovalkey';
import { Redis } from 'ioredis';
import { Redis as Redis6 } from 'ioredis6';
import { createClient, createClientPool, RESP_TYPES, TimeoutError } from 'redis';
import { createClient as createClient5 } from 'redis5';
import { type RedisServer, startRedis } from '../../../../../scripts/redis.js';
import { SessionConfigError } from '../../core/errors.js';
import { assertAbsent, assertStored, newRotation, newStored, newUser } from '../../testing/contract/theme.js';
import type { RedisClient } from './redis.client.js';
import { RedisSessionStore } from './redis.store.js';

let server: RedisServer;

beforeAll(async () => {
  server = await startRedis();
});

afterAll(() => server.stop());

type Opened = [client: RedisClient, close: () => unknown];

type Emitter = { on(event: 'error', listener: () => void): unknown };

async function nodeRedis(client: RedisClient & Emitter & { close(): unknown }): Promise<Opened> {
  client.on('error', () => {});
  await client.connect();
  return [client, () => client.close()];
}

function ioRedis(client: RedisClient & { quit(): unknown }): Opened {
  return [client, () => client.quit()];
}

const CLIENTS: Record<string, () => Opened | Promise<Opened>> = {
  'node-redis 6': () => nodeRedis(createClient({ url: server.url })),
  'node-redis 6, RESP2': () => nodeRedis(createClient({ url: server.url, RESP: 2 })),
  'node-redis 6, a pool': () => nodeRedis(createClientPool({ url: server.url })),
  'node-redis 6, texts as Buffers': async () => {
    const client = createClient({ url: server.url });
    const [, close] = await nodeRedis(client);
    return [client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer, [RESP_TYPES.NUMBER]: String }), close];
  },
  'node-redis 5': () => nodeRedis(createClient5({ url: server.url })),
  'node-redis 5, RESP3': () => nodeRedis(createClient5({ url: server.url, RESP: 3 })),
  'ioredis 5': () => ioRedis(new Redis(server.url)),
  'ioredis 5, with a keyPrefix': () => ioRedis(new Redis(server.url, { keyPrefix: 'app:' })),
  'ioredis 5, pipelining by itself': () => ioRedis(new Redis(server.url, { enableAutoPipelining: true })),
  'ioredis 6': () => ioRedis(new Redis6(server.url)),
  iovalkey: () => ioRedis(new Valkey(server.url)),
};

describe('RedisSessionStore and its client', () => {
  it.each(Object.entries(CLIENTS))('%s: every verb, and every answer', async (_, open) => {
    const [client, close] = await open();
    const store = new RedisSessionStore(client);
    await server.command('SCRIPT', 'FLUSH');
    await store.ping();
    const userId = newUser();
    const texts = new Map([
      ['__proto__', '"Grüße 🍵"'],
      ['version', ''],
      ['f:x', '1'],
    ]);
    const record = await newStored(store, { userId, fields: texts, meta: texts });
    const { absoluteExpiresAt, createdAt: now, id } = record;
    assert.equal(await store.create(record), false);
    await assertStored(store, record);
    const change = { fields: new Map([['f:x', null]]), meta: new Map([['n', 'm']]), replace: true };
    assert.equal(await store.update(id, { ...change, expect: { version: 9 } }, now), 'conflict');
    const rotate = newRotation(record, { authenticatedAt: now });
    assert.equal(await store.update(id, { ...change, rotate, expect: { fields: texts, userId } }, now), 'ok');
    const after = { ...record, ...rotate, version: 1, fields: new Map(), meta: new Map([...texts, ['n', 'm']]) };
    await assertStored(store, after);
    assert.deepEqual(await store.listByUser(userId, now), [after]);
    assert.equal(await store.touch(id, absoluteExpiresAt + 1, now, {}), 'ok');
    await assertStored(store, { ...after, expiresAt: absoluteExpiresAt });
    assert.equal(await store.touch(id, absoluteExpiresAt, absoluteExpiresAt, {}), 'gone');
    await store.raiseEpoch(userId, now);
    assert.equal(await store.epoch(userId), now);
    assert.equal(await store.delete(id, { generation: 0 }), false);
    assert.equal(await store.delete(id), true);
    assert.equal(await store.delete(id), false);
    await assertAbsent(store, id, now);
    assert.deepEqual(await store.listByUser(userId, now), []);
    await close();
  });

  it('F2 node-redis gives up what waits for a connection when it has been told to', async () => {
    const own = await startRedis();
    const client = createClient({ url: own.url, commandOptions: { timeout: 40 } }).on('error', () => {});
    await client.connect();
    const store = new RedisSessionStore(client);
    const { createdAt, id } = await newStored(store);
    const lost = new Promise((resolve) => client.once('reconnecting', resolve));
    await own.stop();
    await lost;
    await expect(store.read(id, createdAt)).rejects.toThrow(TimeoutError);
    client.destroy();
  });

  const url = 'redis://app:hunter2@localhost';
  const STRANGERS: Record<string, [made: () => unknown, named: string]> = {
    nothing: [() => undefined, 'given undefined'],
    'a URL': [() => url, 'given a string'],
    options: [() => ({ url }), 'given an object of class Object'],
    'a client that is still to come': [async () => createClient({ url }), 'given a promise (await it before)'],
    'a transaction': [() => createClient({ url }).multi(), 'given an object of class'],
    'a client with callbacks': [() => createClient({ url }).legacy(), 'given an object of class RedisLegacyClient'],
    'a Map': [() => new Map(), 'given an object of class Map'],
  };

  it.each(Object.entries(STRANGERS))('is told at once that it cannot work with %s', (_, [made, named]) => {
    const make = () => new RedisSessionStore(made() as RedisClient);
    expect(make).toThrow(SessionConfigError);
    expect(make).toThrow(/^RedisSessionStore needs a client of redis, ioredis or iovalkey, and was .*createClient\(\)/);
    expect(make).toThrow(named);
    expect(make).not.toThrow('hunter2');
  });

  it('takes a prefix that is text', () => {
    const make = () => new RedisSessionStore(createClient(), { prefix: 7 as unknown as string });
    expect(make).toThrow(new SessionConfigError("prefix must be a string, such as 'my-app:', not a number."));
  });
});
