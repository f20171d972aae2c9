import { jest } from '@jest/globals';
import { assert, asyncProperty, constantFrom, oneof, string } from 'fast-check';
import { MemcacheClient } from 'memcache-client';
import { type MemcachedServer, startMemcached } from '../../../../../scripts/memcached.js';
import { SessionConfigError } from '../../core/errors.js';
import { DAY, newRecord, newStored } from '../../testing/contract/theme.js';
import type { MemcachedClient } from './memcached.client.js';
import type { MemcachedServers } from './memcached.servers.js';
import { MemcachedSessionStore } from './memcached.store.js';
import { lifetimeOf } from './session.item.js';

let server: MemcachedServer;
const clients: MemcacheClient[] = [];

function clientOf({ address }: { address: string }): MemcacheClient {
  const client = new MemcacheClient({ server: address, cmdTimeout: 1_000 });
  clients.push(client);
  return client;
}

beforeAll(async () => {
  server = await startMemcached();
});

afterAll(async () => {
  for (const client of clients) client.shutdown();
  await server.stop();
});

describe('keys', () => {
  it('C-15 what is no id never reaches the engine', async () => {
    let calls = 0;
    const count = async () => {
      calls++;
      throw new Error('reached');
    };
    const store = new MemcachedSessionStore({ gets: count, add: count, cas: count, delete: count });
    const check = async (id: string) => {
      expect(await store.read(id, 0)).toBeUndefined();
      expect(await store.update(id, { expect: {} }, 0)).toBe('gone');
      expect(await store.touch(id, 1, 0, {})).toBe('gone');
      expect(await store.delete(id)).toBe(false);
      expect(await store.delete(id, { generation: 0 })).toBe(false);
      await expect(store.create(newRecord({ id }))).rejects.toThrow('24 characters');
    };
    const tail = 'a'.repeat(22);
    const hostile = [
      '',
      ' ',
      `${tail}\r\n`,
      `${tail}\r\nflush_all\r\n`,
      `${tail}\0a`,
      `${tail} a`,
      `${tail}\u00e9a`,
      `${tail}\u2028a`,
    ];
    const ids = [
      ...hostile,
      'a'.repeat(23),
      'a'.repeat(25),
      'a'.repeat(300),
      `${'a'.repeat(24)}\n`,
      '🍵'.repeat(12),
      '../../etc/passwd',
    ];
    for (const id of ids) await check(id);
    const units = constantFrom(
      'a',
      'Z',
      '0',
      '-',
      '_',
      ' ',
      '\r',
      '\n',
      '\0',
      '\t',
      '\u007f',
      'é',
      '🍵',
      '.',
      '/',
      ':',
    );
    const anything = oneof(string({ unit: 'binary' }), string({ unit: units, minLength: 20, maxLength: 26 }));
    await assert(
      asyncProperty(
        anything.filter((id) => !/^[A-Za-z0-9_-]{24}$/.test(id)),
        check,
      ),
      { numRuns: 200 },
    );
    await check(['a'.repeat(24)] as unknown as string);
    expect(calls).toBe(0);
  });

  it('C-14 two stores with prefixes of their own do not see each other, with the longest ones too', async () => {
    const [one, two] = ['a', 'b'].map((end) => {
      return new MemcachedSessionStore(clientOf(server), { prefix: `${'p'.repeat(199)}${end}` });
    });
    const record = await newStored(one!);
    expect(await two!.read(record.id, record.createdAt)).toBeUndefined();
    expect(await two!.delete(record.id)).toBe(false);
    expect(await one!.read(record.id, record.createdAt)).toEqual(record);
  });

  it.each(['', 'a b', 'a\r\nflush_all\r\n', 'a\0', 'é', 'p'.repeat(201), 7])('C-15 refuses the prefix %j', (prefix) => {
    const make = () => new MemcachedSessionStore(clientOf(server), { prefix: prefix as string });
    expect(make).toThrow(SessionConfigError);
    expect(make).toThrow('prefix must be');
  });

  it.each(['hello', '{"id":', 'null', '7', '{"id":"other"}'])(
    'C-16 I14 a key that holds %j is a fault: nothing of it is shown, and it is left alone',
    async (value) => {
      const store = new MemcachedSessionStore(clientOf(server));
      const { createdAt, id } = newRecord();
      await server.command(`set session:${id} 0 60 ${value.length}\r\n${value}`);
      for (const call of [
        () => store.read(id, createdAt),
        () => store.update(id, { expect: {} }, createdAt),
        () => store.delete(id, { generation: 0 }),
      ]) {
        const error = await call().then(
          () => new Error('no error'),
          (reason: Error) => reason,
        );
        expect(error).toBeInstanceOf(SessionConfigError);
        expect(error.message).toContain('prefix');
        expect(error.message).not.toContain('hello');
      }
      expect((await server.command(`get session:${id}`))[1]).toBe(value);
      expect(await store.delete(id)).toBe(true);
    },
  );
});

describe('lifetimes', () => {
  it.each([1, 29, 30, 31, 90, 399, 400])(
    'C-44 B-48 I17 of %d days are kept that long, and a little longer',
    async (days) => {
      const store = new MemcachedSessionStore(clientOf(server));
      const createdAt = Date.now();
      const end = createdAt + days * DAY;
      const check = async (id: string) => {
        const [line] = await server.command(`mg session:${id} t`);
        const seconds = Number(/^HD t(\d+)$/.exec(line ?? '')?.[1]);
        expect(seconds).toBeGreaterThan(days * 86_400);
        expect(seconds).toBeLessThan(days * 86_400 + 2 * 3_600);
      };
      const created = await newStored(store, { createdAt, expiresAt: end, absoluteExpiresAt: end });
      await check(created.id);
      const touched = await newStored(store, { createdAt, absoluteExpiresAt: end });
      expect(await store.touch(touched.id, end, createdAt, {})).toBe('ok');
      await check(touched.id);
      const updated = await newStored(store, { createdAt, absoluteExpiresAt: end });
      expect(await store.update(updated.id, { expiresAt: end, expect: {} }, createdAt)).toBe('ok');
      await check(updated.id);
    },
  );

  it("are counted from the caller's now, whatever the time is here", async () => {
    const store = new MemcachedSessionStore(clientOf(server));
    const record = await newStored(store, { createdAt: 1_000 });
    expect(await store.read(record.id, record.createdAt)).toEqual(record);
    expect((await server.command(`mg session:${record.id} t`))[0]).toMatch(/^HD t18[56]\d$/);
  });

  it('B-48 end after 30 days once 32 bits do not hold a Unix time: memcached would drop the session at once', () => {
    const record = newRecord({ createdAt: 0, expiresAt: 40 * DAY });
    const clock = jest.spyOn(Date, 'now').mockReturnValue(Date.UTC(2037, 11, 31));
    try {
      expect(lifetimeOf(record, 0)).toBe(30 * 86_400);
    } finally {
      clock.mockRestore();
    }
  });

  it('I8 a touch that extends nothing writes nothing', async () => {
    const store = new MemcachedSessionStore(clientOf(server));
    const { absoluteExpiresAt, createdAt } = newRecord();
    const { expiresAt, id } = await newStored(store, { createdAt, absoluteExpiresAt, expiresAt: absoluteExpiresAt });
    const before = (await server.stats())['cas_hits'];
    expect(await store.touch(id, expiresAt - 1, createdAt, {})).toBe('ok');
    expect(await store.touch(id, absoluteExpiresAt + 1, createdAt, {})).toBe('ok');
    expect((await server.stats())['cas_hits']).toBe(before);
  });
});

describe('start-up', () => {
  it('R-25 says once that Memcached is a cache', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    try {
      const store = new MemcachedSessionStore(clientOf(server));
      await store.ping();
      await store.ping();
      expect(warn).toHaveBeenCalledTimes(1);
      expect(warn).toHaveBeenCalledWith(
        expect.stringContaining('cache'),
        expect.objectContaining({ code: 'NEST_SESSIONS_MEMCACHED_IS_A_CACHE' }),
      );
    } finally {
      warn.mockRestore();
    }
  });

  it('B-65 names the server that does not answer', async () => {
    const dead = await startMemcached();
    await dead.stop();
    const store = new MemcachedSessionStore({ 'cache-1': clientOf(server), 'cache-2': clientOf(dead) });
    await expect(store.ping()).rejects.toThrow(/\(cache-2\): .*ECONNREFUSED.*Is it running/);
  });

  it('B-65 names the server that does not compare (-C), and what mends it', async () => {
    const careless = await startMemcached('-C');
    try {
      const store = new MemcachedSessionStore({ 'cache-1': clientOf(server), 'cache-2': clientOf(careless) });
      await expect(store.ping()).rejects.toThrow(/cache-2.*without -C/);
      await expect(store.ping()).rejects.toThrow(SessionConfigError);
    } finally {
      await careless.stop();
    }
  });

  const method = async () => undefined;
  const forTwo = new MemcacheClient({ server: { servers: [{ server: 'a:1' }, { server: 'b:2' }] } });
  const halfAClient = { gets: method, add: method, delete: method } as unknown as MemcachedClient;
  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'was given undefined'],
    ['an address', '127.0.0.1:11211', 'was given 127.0.0.1:11211'],
    ['no server', {}, 'no server'],
    ['a client that cannot compare', { one: halfAClient }, "without them for 'one'"],
    ['a client for several servers', forTwo, 'a client for each server'],
  ])('R-25 refuses %s', (_, servers, says) => {
    const make = () => new MemcachedSessionStore(servers as MemcachedServers);
    expect(make).toThrow(SessionConfigError);
    expect(make).toThrow(says);
  });
});
