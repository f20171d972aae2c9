import assert from 'node:assert/strict';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Redis, type RedisOptions } from 'ioredis';
import { createClient } from 'redis';
import { type RedisServer, startRedis } from '../../../../../scripts/redis.js';
import { SessionConfigError, SessionStoreUnavailableError } from '../../core/errors.js';
import { assertStored, newRotation, newStored, newUser } from '../../testing/contract/theme.js';
import type { RedisClient } from './redis.client.js';
import { RedisSessionStore } from './redis.store.js';

let server: RedisServer;
let admin: Redis;
const opened: Redis[] = [];

function open(options: RedisOptions = {}, { url } = server): Redis {
  const client = new Redis(url, options).on('error', () => {});
  opened.push(client);
  return client;
}

beforeAll(async () => {
  server = await startRedis();
  admin = open();
});

afterAll(async () => {
  for (const client of opened) client.disconnect();
  await server.stop();
});

async function complaintOf(client: RedisClient): Promise<Error> {
  return new RedisSessionStore(client).ping().then(
    () => assert.fail('should have complained'),
    (error: Error) => error,
  );
}

describe('RedisSessionStore.ping()', () => {
  describe('warns', () => {
    let warnings: jest.SpiedFunction<typeof process.emitWarning>;

    beforeEach(() => {
      warnings = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    });

    afterEach(async () => {
      warnings.mockRestore();
      await admin.config('SET', 'maxmemory-policy', 'noeviction');
    });

    // All our keys have a time-to-live, so volatile-* throws away the same ones.
    it.each(['allkeys-lru', 'volatile-ttl'])('F7 once of the eviction policy %s', async (policy) => {
      await admin.config('SET', 'maxmemory-policy', policy);
      const store = new RedisSessionStore(admin);
      await Promise.all([store.ping(), store.ping()]);
      await store.ping();
      expect(warnings.mock.calls).toEqual([
        [
          expect.stringMatching(
            new RegExp(`^The maxmemory-policy of Redis is '${policy}'.*Set it to 'noeviction'\\.$`),
          ),
          { type: 'SessionStoreWarning', code: 'NEST_SESSIONS_REDIS_EVICTION' },
        ],
      ]);
    });

    it('of a node-redis client whose errors would end the process', async () => {
      const client = await createClient({ url: server.url }).connect();
      await new RedisSessionStore(client).ping();
      expect(warnings.mock.calls).toEqual([
        [
          expect.stringMatching(/^The Redis client .* has no 'error' listener.*client\.on\('error'/),
          { type: 'SessionStoreWarning', code: 'NEST_SESSIONS_REDIS_ERROR_LISTENER' },
        ],
      ]);
      await client.close();
    });

    it('of nothing else, and leaves no key', async () => {
      const client = await createClient({ url: server.url })
        .on('error', () => {})
        .connect();
      await new RedisSessionStore(client).ping();
      await new RedisSessionStore(admin).ping();
      expect(warnings).not.toHaveBeenCalled();
      assert.equal(await admin.dbsize(), 0);
      await client.close();
    });
  });

  describe('says what is wrong and what mends it', () => {
    it('a client that nobody connected, or that is closed', async () => {
      const never = createClient({ url: server.url });
      const closed = await createClient({ url: server.url }).connect();
      await closed.close();
      const quit = open();
      await quit.quit();
      for (const client of [never, closed, quit]) {
        const error = await complaintOf(client);
        assert.ok(error instanceof SessionConfigError);
        expect(error.message).toMatch(
          /^The Redis client given to RedisSessionStore is not connected: await client\.conn/,
        );
      }
    });

    it('no server', async () => {
      const client = open({ maxRetriesPerRequest: 0 }, { ...server, url: 'redis://127.0.0.1:1' });
      const error = await complaintOf(client);
      assert.ok(error instanceof SessionStoreUnavailableError, String(error));
      expect(error.message).toMatch(/^Redis does not take sessions: .*Is it running, and is the address .* right\?$/);
    });

    it('a client that waits for ever', async () => {
      const forever = () => new Promise<never>(() => {});
      jest.useFakeTimers();
      try {
        const complaint = complaintOf({ evalsha: forever, eval: forever, connect: forever });
        await jest.advanceTimersByTimeAsync(5_000);
        const error = await complaint;
        assert.ok(error instanceof SessionStoreUnavailableError);
        expect(error.message).toMatch(/^Redis does not take sessions: no answer within 5 s\. Is it running/);
        assert.equal(jest.getTimerCount(), 0);
      } finally {
        jest.useRealTimers();
      }
    });

    it('F8 a password that is missing, and one that is wrong', async () => {
      await admin.config('SET', 'requirepass', 'right');
      try {
        const warn = jest.spyOn(console, 'warn').mockImplementation(() => {});
        const without = open();
        const missing = await complaintOf(without);
        assert.ok(missing instanceof SessionConfigError, String(missing));
        expect(missing.message).toBe(
          'Redis does not take sessions (NOAUTH): it wants a password: give one to the client.',
        );
        warn.mockRestore();
        const client = open({ password: 'wrong', retryStrategy: () => null });
        const wrong = await complaintOf(client);
        expect(wrong.message).toMatch(/^Redis does not take sessions/);
        expect(wrong.message).not.toContain('wrong');
      } finally {
        await admin.config('SET', 'requirepass', '');
      }
    });

    it('F8 rights that are missing, and those that are enough', async () => {
      const rights = ['on', '>secret', 'resetkeys', '~nest-sessions:*', 'resetchannels', '-@all'];
      await admin.call('ACL', 'SETUSER', 'shop', ...rights, '+eval', '+evalsha', '+hget');
      const client = open({ username: 'shop', password: 'secret', enableReadyCheck: false });
      const error = await complaintOf(client);
      assert.ok(error instanceof SessionConfigError, String(error));
      const [, advice = ''] =
        /^Redis does not take sessions \(NOPERM\): .* ACL SETUSER <name> (.*)\.$/.exec(error.message) ?? [];
      await admin.call('ACL', 'SETUSER', 'shop', ...advice.split(' '));
      const store = new RedisSessionStore(client);
      await store.ping();
      const userId = newUser();
      const record = await newStored(store, { userId, fields: new Map([['a', '1']]) });
      const { createdAt: now, expiresAt, id } = record;
      const rotate = newRotation(record);
      const change = { fields: new Map([['b', '1']]), meta: new Map([['m', null]]), replace: true, rotate };
      assert.equal(await store.update(id, { ...change, expect: { version: 0 } }, now), 'ok');
      assert.equal(await store.touch(id, expiresAt + 1, now, {}), 'ok');
      await assertStored(store, {
        ...record,
        ...rotate,
        version: 1,
        fields: new Map([['b', '1']]),
        expiresAt: expiresAt + 1,
      });
      assert.equal((await store.listByUser(userId, now)).length, 1);
      await store.raiseEpoch(userId, now);
      assert.equal(await store.epoch(userId), now);
      assert.equal(await store.delete(id), true);
      await admin.flushall();
    });

    it('works without INFO, and cannot warn then', async () => {
      await admin.call('ACL', 'SETUSER', 'shy', 'on', '>secret', '~*', '+@all', '-info');
      const client = open({ username: 'shy', password: 'secret', enableReadyCheck: false });
      await new RedisSessionStore(client).ping();
    });

    it('F8 a replica', async () => {
      const replica = await startRedis({ replicaof: `127.0.0.1 ${server.port}` });
      const client = open({}, replica);
      const error = await complaintOf(client);
      assert.ok(error instanceof SessionConfigError);
      expect(error.message).toMatch(
        /^Redis does not take sessions \(READONLY\): .* replica.* connect it to the primary/,
      );
      await replica.stop();
    });

    it('F6 no memory', async () => {
      await admin.config('SET', 'maxmemory', '1');
      const error = await complaintOf(admin);
      await admin.config('SET', 'maxmemory', '0');
      assert.ok(error instanceof SessionStoreUnavailableError);
      expect(error.message).toMatch(/^Redis does not take sessions: OOM .*maxmemory/);
    });
  });
});
