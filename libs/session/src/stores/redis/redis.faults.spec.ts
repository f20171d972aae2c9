import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { type RedisServer, startRedis } from '../../../../../scripts/redis.js';
import { SessionConfigError, SessionStoreFullError } from '../../core/errors.js';
import {
  assertAbsent,
  assertSame,
  assertStored,
  HOUR,
  MINUTE,
  newRecord,
  newRotation,
  newStored,
  newUser,
} from '../../testing/contract/theme.js';
import { RedisSessionStore } from './redis.store.js';

const FIELDS = new Map([['card', '"4111111111111111"']]);

let server: RedisServer;
let client: Redis;
let store: RedisSessionStore;

beforeAll(async () => {
  server = await startRedis();
  client = new Redis(server.url, { maxRetriesPerRequest: null, retryStrategy: () => 20 });
  client.on('error', () => {});
  store = new RedisSessionStore(client);
});

afterAll(async () => {
  client.disconnect();
  await server.stop();
});

async function failureOf(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => assert.fail('should have been refused'),
    (error: Error) => error,
  );
}

/** How often scripts ran since the last CONFIG RESETSTAT, by hash and by text. */
async function scriptCalls(): Promise<[byHash: number, byText: number]> {
  const stats = await client.info('commandstats');
  const calls = (command: string) => Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0);
  return [calls('evalsha'), calls('eval')];
}

describe('RedisSessionStore, its round trips', () => {
  it('every verb is one script, and giving a session to a user one more', async () => {
    const anonymous = newRecord({ fields: FIELDS });
    const record = newRecord({ fields: FIELDS, userId: newUser() });
    const { createdAt: now, expiresAt, id } = record;
    const rotate = newRotation(record);
    const verbs: [number, () => Promise<unknown>][] = [
      [1, () => store.create(anonymous)],
      [2, () => store.create(record)],
      [1, () => store.read(id, now)],
      [1, () => store.update(id, { fields: FIELDS, expiresAt: expiresAt + MINUTE, expect: { generation: 0 } }, now)],
      [1, () => store.touch(id, expiresAt + HOUR, now, {})],
      [
        2,
        () =>
          store.update(id, { rotate, replace: true, expect: { generation: 0, secretHash: record.secretHash } }, now),
      ],
      [1, () => store.delete(anonymous.id)],
    ];
    for (const [, verb] of verbs) await verb(); // the server learns the scripts
    await store.delete(id);
    for (let round = 0; round < 3; round++) await client.ping(); // and the one that nobody waits for
    for (const [count, verb] of verbs) {
      await client.config('RESETSTAT');
      await verb();
      assert.deepEqual(await scriptCalls(), [count, 0]);
    }
  });

  it('F12 after SCRIPT FLUSH each script is sent once more, and nobody notices', async () => {
    const record = await newStored(store);
    const { createdAt: now, id } = record;
    await client.script('FLUSH');
    await client.config('RESETSTAT');
    await assertStored(store, record);
    assert.deepEqual(await scriptCalls(), [1, 1]);
    await assertStored(store, record);
    assert.deepEqual(await scriptCalls(), [2, 1]);
    await client.script('FLUSH');
    const updates = Array.from({ length: 20 }, (_, index) => {
      return store.update(id, { fields: new Map([[`n${index}`, '1']]), expect: {} }, now);
    });
    assert.deepEqual(new Set(await Promise.all(updates)), new Set(['ok']));
    assert.equal((await store.read(id, now))?.version, 20);
    await client.script('FLUSH');
    assert.equal(await store.delete(id), true);
  });

  it('F12 a server that restarts knows the scripts again, by the same store', async () => {
    await server.restart();
    await assertStored(store, await newStored(store));
  });
});

describe('RedisSessionStore, out of memory', () => {
  beforeEach(() => client.config('SET', 'maxmemory', '1'));
  afterEach(() => client.config('SET', 'maxmemory', '0'));

  const withMemory = async <T>(work: () => Promise<T>): Promise<T> => {
    await client.config('SET', 'maxmemory', '0');
    const result = await work();
    await client.config('SET', 'maxmemory', '1');
    return result;
  };

  it('F6 refuses what grows, as a store that is full, and changes nothing', async () => {
    const userId = newUser();
    const record = await withMemory(() => newStored(store, { fields: FIELDS, userId }));
    const { createdAt: now, id } = record;
    const fresh = newRecord();
    const rotate = newRotation(record, { userId: newUser() });
    for (const write of [
      () => store.create(fresh),
      () => store.create({ ...fresh, userId }),
      () => store.update(id, { fields: new Map([['more', '1']]), expect: {} }, now),
      () => store.update(id, { fields: new Map([['more', '1']]), replace: true, expect: {} }, now),
      () => store.update(id, { rotate, expect: {} }, now),
      () => store.update(id, { rotate: { ...rotate, userId: undefined }, expect: {} }, now),
    ]) {
      const error = await failureOf(write());
      assert.ok(error instanceof SessionStoreFullError, inspect(error));
      assert.equal(error.message, 'The session store is out of memory. Try again shortly.');
      expect(error.cause).toMatchObject({ message: expect.stringContaining("used memory > 'maxmemory'") });
      expect(inspect(error, { depth: 9 })).not.toContain('4111111111111111');
    }
    await assertStored(store, record);
    await assertAbsent(store, fresh.id);
  });

  it('F6 still reads, touches, removes fields, lists, revokes and ends', async () => {
    const userId = newUser();
    const record = await withMemory(() => newStored(store, { fields: FIELDS, userId }));
    const { createdAt: now, expiresAt, id } = record;
    await assertStored(store, record);
    assert.equal(await store.touch(id, expiresAt + MINUTE, now, {}), 'ok');
    const removal = { fields: new Map([['card', null]]), expiresAt: expiresAt + HOUR, expect: {} };
    assert.equal(await store.update(id, removal, now), 'ok');
    const after = { ...record, version: 1, fields: new Map(), expiresAt: expiresAt + HOUR };
    const listed = await store.listByUser(userId, now);
    assert.equal(listed.length, 1);
    assertSame(listed[0]!, after);
    await store.raiseEpoch(userId, now);
    assert.equal(await store.epoch(userId), now);
    assert.equal(await store.delete(id), true);
    await assertAbsent(store, id, now);
  });
});

describe('RedisSessionStore, where somebody else writes', () => {
  it.each(['a list', 'a text'])('F12 %s under the key of a session is told, and left alone', async (what) => {
    const record = newRecord({ fields: FIELDS });
    const { createdAt: now, expiresAt, id } = record;
    const key = `nest-sessions:session:${id}`;
    await (what === 'a list' ? client.rpush(key, 'squatter') : client.set(key, 'squatter'));
    for (const verb of [
      () => store.read(id, now),
      () => store.update(id, { fields: FIELDS, expect: {} }, now),
      () => store.touch(id, expiresAt, now, {}),
      () => store.delete(id),
      () => store.delete(id, { fields: FIELDS }),
    ]) {
      const error = await failureOf(verb());
      assert.ok(error instanceof SessionConfigError);
      expect(error.message).toMatch(
        /^A key that begins with 'nest-sessions:' holds something else .* prefix of its own/,
      );
      expect(inspect(error, { depth: 9 })).not.toContain('4111111111111111');
    }
    assert.equal(await store.create(record), false);
    assert.equal(await client.type(key), what === 'a list' ? 'list' : 'string');
  });

  it('a hash that is no session is no session, and its key is taken', async () => {
    const record = newRecord();
    const { createdAt: now, expiresAt, id } = record;
    const key = `nest-sessions:session:${id}`;
    await client.hset(key, 'colour', 'blue');
    await assertAbsent(store, id, now);
    assert.equal(await store.update(id, { fields: FIELDS, expect: {} }, now), 'gone');
    assert.equal(await store.touch(id, expiresAt, now, {}), 'gone');
    assert.equal(await store.delete(id), false);
    assert.equal(await store.create(record), false);
    assert.deepEqual(await client.hgetall(key), { colour: 'blue' });
  });

  it('I22 a session that cannot be put on its user’s list does not become theirs', async () => {
    const userId = newUser();
    await client.set(`nest-sessions:user:${userId}`, 'squatter');
    const record = newRecord({ userId });
    await failureOf(store.create(record));
    await assertAbsent(store, record.id, record.createdAt);
    const anonymous = await newStored(store);
    const rotate = newRotation(anonymous, { userId });
    await failureOf(store.update(anonymous.id, { rotate, expect: {} }, anonymous.createdAt));
    await assertStored(store, anonymous);
  });

  it('C-14 stores with different prefixes share a database and nothing else', async () => {
    const other = new RedisSessionStore(client, { prefix: 'other:' });
    const userId = newUser();
    const record = await newStored(store, { userId });
    await assertAbsent(other, record.id, record.createdAt);
    assert.deepEqual(await other.listByUser(userId, record.createdAt), []);
    assert.equal(await other.delete(record.id), false);
    await store.raiseEpoch(userId, record.createdAt);
    assert.equal(await other.epoch(userId), 0);
    await newStored(other, { ...record, generation: 3 });
    await assertStored(store, record);
  });
});

describe('RedisSessionStore, when Redis fails', () => {
  it('F8 a server that turns into a replica refuses to write, and what it says carries nobody’s data', async () => {
    const primary = await startRedis();
    const record = newRecord({ fields: FIELDS, userId: newUser() });
    try {
      await server.command('REPLICAOF', '127.0.0.1', primary.port);
      const error = await failureOf(store.create(record));
      expect(error.message).toMatch(/^READONLY/);
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(record.secretHash);
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('4111111111111111');
    } finally {
      await server.command('REPLICAOF', 'NO', 'ONE');
      await primary.stop();
    }
    await assertStored(store, await newStored(store));
  });

  it('F1 F3 a server that hangs is waited for, and answers each with its own', async () => {
    const records = await Promise.all(Array.from({ length: 50 }, () => newStored(store, { fields: FIELDS })));
    server.pause();
    const reads = records.map((record) => store.read(record.id, record.createdAt));
    server.resume();
    assert.deepEqual(
      (await Promise.all(reads)).map((record) => record?.id),
      records.map(({ id }) => id),
    );
  });

  it('F2 a server that dies and comes back is met again, without a new client or store', async () => {
    await server.kill();
    const record = newRecord();
    const created = store.create(record);
    await server.restart();
    assert.equal(await created, true);
    await assertStored(store, record);
  });

  it('F11 I2 with an append-only file a crash loses nothing that was acknowledged, and revives nothing', async () => {
    const durable = await startRedis({ appendonly: 'yes', appendfsync: 'always' });
    const own = new Redis(durable.url, { retryStrategy: () => 20 }).on('error', () => {});
    const kept = new RedisSessionStore(own);
    const userId = newUser();
    const record = await newStored(kept, { fields: FIELDS, userId });
    const ended = await newStored(kept, { userId });
    assert.equal(await kept.delete(ended.id), true);
    const rotate = newRotation(record);
    assert.equal(await kept.update(record.id, { rotate, expect: {} }, record.createdAt), 'ok');
    await durable.kill();
    await durable.restart();
    const after = { ...record, ...rotate, version: 1 };
    await assertStored(kept, after);
    await assertAbsent(kept, ended.id);
    assert.equal((await kept.listByUser(userId, record.createdAt)).length, 1);
    const ttls = await Promise.all((await own.keys('*')).map((key) => own.pttl(key)));
    assert.equal(ttls.filter((ttl) => ttl < 0).length, 0);
    own.disconnect();
    await durable.stop();
  });
});
