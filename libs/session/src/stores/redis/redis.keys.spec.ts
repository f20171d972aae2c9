import assert from 'node:assert/strict';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { type RedisServer, startRedis } from '../../../../../scripts/redis.js';
import {
  assertAbsent,
  assertStored,
  DAY,
  HOUR,
  MINUTE,
  newRecord,
  newRotation,
  newStored,
  newUser,
} from '../../testing/contract/theme.js';
import { RedisSessionStore } from './redis.store.js';

const PREFIX = 'nest-sessions:';
/** How late Redis may be asked after the store was. Milliseconds. */
const LAG = 5_000;

let server: RedisServer;
let client: Redis;
let store: RedisSessionStore;

beforeAll(async () => {
  server = await startRedis();
  client = new Redis(server.url);
  store = new RedisSessionStore(client);
});

afterAll(async () => {
  await client.quit();
  await server.stop();
});

/** What Redis will keep a key for, to be so many milliseconds from now. */
async function assertTtl(key: string, expected: number): Promise<void> {
  const ttl = await client.pttl(PREFIX + key);
  assert.ok(ttl > expected - LAG && ttl <= expected, `${ttl} should be ${expected}`);
}

describe('RedisSessionStore, its keys', () => {
  afterEach(async () => {
    const keys = await client.keys('*');
    const ttls = await Promise.all(keys.map(async (key) => [key, await client.pttl(key)]));
    expect(ttls.filter(([, ttl]) => ttl === -1)).toEqual([]);
  });

  it('C-30 a record is one hash: its properties, fields behind f:, meta texts behind m:', async () => {
    const record = newRecord({
      userId: 'user',
      fields: new Map([
        ['version', '"mine"'],
        ['m:idle', '"mine too"'],
      ]),
      meta: new Map([['idle', '1800000']]),
    });
    await store.create(record);
    expect(await client.hgetall(`${PREFIX}session:${record.id}`)).toEqual({
      id: record.id,
      name: 'session',
      secretHash: record.secretHash,
      generation: '0',
      version: '0',
      userId: 'user',
      createdAt: String(record.createdAt),
      expiresAt: String(record.expiresAt),
      absoluteExpiresAt: String(record.absoluteExpiresAt),
      'f:version': '"mine"',
      'f:m:idle': '"mine too"',
      'm:idle': '1800000',
    });
  });

  it('I17 a session is kept for a minute longer than it lives, whatever is done to it', async () => {
    const record = await newStored(store);
    const { createdAt: now, expiresAt, id } = record;
    const key = `session:${id}`;
    await assertTtl(key, 31 * MINUTE);
    await store.touch(id, expiresAt + 10 * MINUTE, now, {});
    await assertTtl(key, 41 * MINUTE);
    await store.update(id, { fields: new Map([['a', '1']]), expect: {} }, now);
    await assertTtl(key, 41 * MINUTE);
    await store.update(id, { expiresAt: expiresAt + 20 * MINUTE, expect: {} }, now);
    await assertTtl(key, 51 * MINUTE);
    await store.update(id, { rotate: newRotation(record, { expiresAt: now + 5 * MINUTE }), expect: {} }, now);
    await assertTtl(key, 6 * MINUTE);
    await store.touch(id, now + 400 * DAY, now, {});
    await assertTtl(key, 12 * HOUR + MINUTE);
  });

  it('the time that counts is the caller’s, however far from that of Redis', async () => {
    const createdAt = Date.now() - 400 * DAY;
    const record = await newStored(store, { createdAt });
    await assertTtl(`session:${record.id}`, 31 * MINUTE);
    await assertStored(store, record, record.expiresAt - 1);
    await assertAbsent(store, record.id, record.expiresAt);
    const later = record.expiresAt - MINUTE;
    await store.touch(record.id, later + 30 * MINUTE, later, {});
    await assertTtl(`session:${record.id}`, 31 * MINUTE);
  });

  it('I17 a clock with fractions of milliseconds is as good', async () => {
    const createdAt = Math.floor(Date.now()) + 0.25;
    const record = await newStored(store, { createdAt, userId: newUser() });
    const { expiresAt, id } = record;
    await assertStored(store, record);
    assert.equal(await store.touch(id, expiresAt + MINUTE + 0.5, createdAt, {}), 'ok');
    assert.equal(await store.update(id, { expiresAt: expiresAt + HOUR + 0.5, expect: {} }, createdAt + 0.5), 'ok');
    await assertTtl(`session:${id}`, 91 * MINUTE + 1);
  });

  it('a session of 9,000 fields is stored, changed, replaced and read', async () => {
    const named = (count: number, text: string) => {
      return new Map(Array.from({ length: count }, (_, index) => [`field ${index}`, text]));
    };
    const record = await newStored(store, { fields: named(9_000, '1') });
    const { createdAt: now, id } = record;
    const removal = new Map(Array.from(named(8_500, '1').keys(), (name) => [name, null]));
    const expected = { fields: named(9_000, '1') };
    assert.equal(await store.update(id, { fields: removal, expect: expected }, now), 'ok');
    assert.equal((await store.read(id, now))?.fields.size, 500);
    assert.equal(await store.update(id, { fields: named(8_001, '2'), replace: true, expect: {} }, now), 'ok');
    await assertStored(store, { ...record, version: 2, fields: named(8_001, '2') });
  });
});

describe('RedisSessionStore, the lists of users', () => {
  const listOf = (userId: string) => client.zrange(`${PREFIX}user:${userId}`, 0, -1, 'WITHSCORES');

  it('I17 a list lives as long as the longest of its sessions could', async () => {
    const userId = newUser();
    const { absoluteExpiresAt, createdAt, id } = await newStored(store, { userId });
    assert.deepEqual(await listOf(userId), [id, String(absoluteExpiresAt)]);
    await assertTtl(`user:${userId}`, 12 * HOUR + MINUTE);
    await newStored(store, { userId, createdAt, absoluteExpiresAt: createdAt + 90 * DAY });
    await assertTtl(`user:${userId}`, 90 * DAY + MINUTE);
    await newStored(store, { userId, createdAt, absoluteExpiresAt: createdAt + HOUR });
    await assertTtl(`user:${userId}`, 90 * DAY + MINUTE);
  });

  it('a session that was ended is taken off, and one that could not live any more, at the next login', async () => {
    const userId = newUser();
    const [ended, old] = [await newStored(store, { userId }), await newStored(store, { userId })];
    await store.delete(ended.id);
    for (let round = 0; round < 3; round++) await client.ping(); // for nobody waits for it
    assert.deepEqual(await listOf(userId), [old.id, String(old.absoluteExpiresAt)]);
    const createdAt = old.absoluteExpiresAt + MINUTE;
    const next = await newStored(store, { userId, createdAt });
    assert.deepEqual(await listOf(userId), [next.id, String(next.absoluteExpiresAt)]);
  });

  it('I22 a list read while a login is under way does not lose that login', async () => {
    const userId = newUser();
    const record = newRecord({ userId });
    // What create() does first.
    await client.zadd(`${PREFIX}user:${userId}`, record.absoluteExpiresAt, record.id);
    await client.pexpire(`${PREFIX}user:${userId}`, HOUR);
    assert.deepEqual(await store.listByUser(userId, record.createdAt), []);
    assert.equal(await store.create(record), true);
    assert.equal((await store.listByUser(userId, record.createdAt)).length, 1);
  });

  it('I22 a rotation that is refused takes nobody off a list, and shortens no entry', async () => {
    const userId = newUser();
    const record = await newStored(store, { userId });
    const { absoluteExpiresAt, createdAt: now, id } = record;
    const rotate = newRotation(record, { absoluteExpiresAt: now + MINUTE, expiresAt: now + MINUTE });
    assert.equal(await store.update(id, { rotate, expect: { generation: 9 } }, now), 'conflict');
    assert.deepEqual(await listOf(userId), [id, String(absoluteExpiresAt)]);
  });

  it('an epoch is kept for an hour, and one that is not later changes nothing', async () => {
    const userId = newUser();
    const now = Date.now();
    await store.raiseEpoch(userId, now);
    await client.pexpire(`${PREFIX}epoch:${userId}`, MINUTE);
    await store.raiseEpoch(userId, now - 1);
    await assertTtl(`epoch:${userId}`, MINUTE);
    await store.raiseEpoch(userId, now + 1);
    await assertTtl(`epoch:${userId}`, HOUR);
  });
});
