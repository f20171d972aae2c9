import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis as Valkey } from 'iovalkey';
import { Redis } from 'ioredis';
import { createClient, createClientPool, createCluster } from 'redis';
import { createClient as createClient5 } from 'redis5';
import { type RedisServer, startRedis } from '../../../../../scripts/redis.js';
import { SessionConfigError } from '../../core/errors.js';
import type { SessionRecord } from '../../core/record.js';
import type { SessionStore } from '../../core/store.js';
import {
  assertAbsent,
  assertStored,
  atOnce,
  newRotation,
  newStored,
  newUser,
  SECOND,
} from '../../testing/contract/theme.js';
import { describeSessionStore } from '../../testing/store.contract.js';
import { NearCache } from './near.cache.js';
import type { RedisClient } from './redis.client.js';
import { RedisSessionStore } from './redis.store.js';

const KEEP_FOR = 5 * SECOND;
const FIELD = { fields: new Map([['a', '1']]), expect: {} };

let server: RedisServer;
let main: Process;
/** Another process, without a near cache: its answers are the server's. */
let plain: RedisSessionStore;
let admin: ReturnType<typeof createAdmin>;

type Process = Awaited<ReturnType<typeof openProcess>>;

const createAdmin = () => createClient({ url: server.url }).on('error', () => {});

async function openProcess({ url } = server, make: typeof createClient = createClient) {
  const socket = { reconnectStrategy: () => 20 };
  const client = make({ url, RESP: 3, emitInvalidate: true, socket }).on('error', () => {});
  await client.connect();
  /** What Redis has said before it answers this has arrived. */
  const heard = () => client.ping();
  /** Once it has noticed that its connection broke. */
  const lost = () => new Promise((resolve) => client.once('reconnecting', resolve));
  return {
    client,
    heard,
    lost,
    store: new RedisSessionStore(client, { nearCache: {} }),
    close: () => client.destroy(),
  };
}

/** A session of which the process has a copy. */
async function newCopied(given?: Partial<SessionRecord>): Promise<SessionRecord> {
  const record = await newStored(plain, given);
  await assertStored(main.store, record);
  return record;
}

async function scriptsRun(work: () => Promise<unknown>): Promise<number> {
  await admin.configResetStat();
  await work();
  return Number(/cmdstat_evalsha:calls=(\d+)/.exec(await admin.info('commandstats'))?.[1] ?? 0);
}

beforeAll(async () => {
  server = await startRedis();
  admin = createAdmin();
  await admin.connect();
  plain = new RedisSessionStore(admin);
  main = await openProcess();
});

afterAll(async () => {
  main.close();
  admin.destroy();
  await server.stop();
});

/** What another process did is seen when the message of it has come, so each read waits for what is under way. */
async function openHearing() {
  const { close, heard, store } = await openProcess();
  const read = store.read.bind(store);
  return {
    store: Object.assign(store, { read: (...at: Parameters<typeof read>) => heard().then(() => read(...at)) }),
    close,
  };
}

describeSessionStore(
  'RedisSessionStore with a near cache',
  openHearing,
  { describe, it, beforeAll, afterAll },
  { without: ['oneLiveToken', 'revocable', 'sweepable'], another: openHearing },
);

describe('a near cache', () => {
  it('reads a session once, and then without asking', async () => {
    const record = await newStored(main.store);
    const reads = () => atOnce(20, () => assertStored(main.store, record));
    assert.equal(await scriptsRun(() => assertStored(main.store, record)), 1);
    assert.equal(await scriptsRun(reads), 0);
  });

  it('makes one copy when many ask at once', async () => {
    const record = await newStored(plain);
    await atOnce(20, () => assertStored(main.store, record));
    assert.equal(await scriptsRun(() => assertStored(main.store, record)), 0);
  });

  it('works with node-redis 5', async () => {
    const five = await openProcess(server, createClient5 as unknown as typeof createClient);
    const record = await newStored(plain);
    await assertStored(five.store, record);
    assert.equal(await scriptsRun(() => assertStored(five.store, record)), 0);
    await plain.delete(record.id);
    await five.heard();
    await assertAbsent(five.store, record.id);
    five.close();
  });

  it('gives a record of its own to each who asks', async () => {
    const record = await newStored(plain, { fields: new Map([['a', '1']]), meta: new Map([['b', '2']]) });
    for (let round = 0; round < 3; round++) {
      const found = (await main.store.read(record.id, record.createdAt))!;
      for (const texts of [found.fields, found.meta] as Map<string, string>[]) texts.clear();
      Object.assign(found, { userId: 'mallory' });
    }
    await assertStored(main.store, record);
  });

  it('R-54 uses a copy for no longer than keepFor, whichever way the clock goes', async () => {
    const record = await newCopied();
    const at = (now: number) => scriptsRun(() => assertStored(main.store, record, now));
    assert.equal(await at(record.createdAt + KEEP_FOR - 1), 0);
    assert.equal(await at(record.createdAt + KEEP_FOR), 1);
    assert.equal(await at(record.createdAt + KEEP_FOR + 1), 0);
    assert.equal(await at(record.createdAt), 1);
  });

  it('B-43 a copy does not outlive its session, nor end one that was touched elsewhere', async () => {
    const now = Date.now();
    const record = await newCopied({ createdAt: now, expiresAt: now + SECOND });
    await assertAbsent(main.store, record.id, now + SECOND);
    await assertStored(main.store, record);
    await plain.touch(record.id, now + 2 * SECOND, now, {});
    await assertStored(main.store, { ...record, expiresAt: now + 2 * SECOND }, now + SECOND);
  });

  it('holds as many as it may, and lets go of the oldest', async () => {
    const { client, close } = await openProcess();
    const store = new RedisSessionStore(client, { nearCache: { maxSessions: 3 } });
    const records = await atOnce(5, () => newStored(plain));
    const readAll = async (some: readonly SessionRecord[]) => {
      for (const record of some) await assertStored(store, record);
    };
    await readAll(records);
    assert.equal(await scriptsRun(() => readAll(records.slice(2))), 0);
    assert.equal(await scriptsRun(() => readAll(records.slice(0, 2))), 2);
    close();
  });

  it('remembers nothing of ids that are unknown, nor of reads that failed', async () => {
    const record = await newStored(plain);
    const key = `nest-sessions:session:${record.id}`;
    const { heard, store } = main;
    await admin.rename(key, 'elsewhere');
    await assertAbsent(store, record.id);
    await admin.set(key, 'squatter');
    await expect(store.read(record.id, record.createdAt)).rejects.toThrow(SessionConfigError);
    await admin.rename('elsewhere', key);
    await heard();
    await assertStored(store, record);
  });

  it('lists what the server has', async () => {
    const record = await newCopied({ userId: newUser() });
    await plain.update(record.id, FIELD, record.createdAt);
    const [listed] = await main.store.listByUser(record.userId!, record.createdAt);
    assert.equal(listed?.version, 1);
  });
});

type Write = (store: SessionStore, record: SessionRecord) => Promise<unknown>;

const WRITES: Record<string, Write> = {
  'an update': (store, { createdAt, id }) => store.update(id, FIELD, createdAt),
  'a rotation': (store, record) => {
    return store.update(record.id, { rotate: newRotation(record), expect: {} }, record.createdAt);
  },
  'a touch': (store, { createdAt, expiresAt, id }) => store.touch(id, expiresAt + SECOND, createdAt, {}),
  'a delete': (store, { id }) => store.delete(id),
};

describe.each(Object.entries(WRITES))('a near cache and %s', (_, write) => {
  const assertUpToDate = async ({ createdAt, id }: SessionRecord) => {
    expect(await main.store.read(id, createdAt)).toEqual(await plain.read(id, createdAt));
  };

  it('I2 I12 of another process: seen once the message has come', async () => {
    const record = await newCopied();
    await write(plain, record);
    await main.heard();
    await assertUpToDate(record);
  });

  it('I10 of its own: seen at once', async () => {
    const record = await newCopied();
    await write(main.store, record);
    await assertUpToDate(record);
  });

  it('R-54 while it is being read: the old answer is not kept', async () => {
    const record = await newStored(plain);
    const near = new NearCache(main.client, 'nest-sessions:session:', {});
    const behind = new RedisSessionStore(main.client);
    const read = () => behind.read(record.id, record.createdAt);
    const old = await near.read(record.id, record.createdAt, async () => {
      const found = await read();
      await write(plain, record);
      await main.heard();
      return found;
    });
    assert.equal(old?.version, 0);
    expect(await near.read(record.id, record.createdAt, read)).toEqual(await read());
  });

  it('of another process, based on the old copy: refused, and the copy goes', async () => {
    const record = await newCopied();
    const { createdAt: now, id } = record;
    main.client.removeAllListeners('invalidate'); // the message is lost
    await plain.update(id, { fields: new Map([['a', '0']]), expect: {} }, now);
    const change = { fields: new Map([['a', '2']]), expect: { version: 0 } };
    assert.equal((await main.store.read(id, now))?.version, 0);
    assert.equal(await main.store.update(id, change, now), 'conflict');
    assert.equal((await main.store.read(id, now))?.version, 1);
    main.close();
    main = await openProcess();
  });
});

describe('a near cache among races', () => {
  it('I2 ends up with what the server has', async () => {
    const processes = await atOnce(2, () => openProcess());
    const records = await atOnce(10, () => newStored(plain));
    await atOnce(400, async (index) => {
      const record = records[index % 10]!;
      const { store } = processes[index % 2]!;
      if (index % 7 === 0) await store.update(record.id, FIELD, record.createdAt);
      else if (index > 350 && index % 10 === 3) await store.delete(record.id);
      else await store.read(record.id, record.createdAt);
    });
    for (const { close, heard, store } of processes) {
      await heard();
      for (const { createdAt, id } of records) {
        expect(await store.read(id, createdAt)).toEqual(await plain.read(id, createdAt));
      }
      close();
    }
  });
});

describe('a near cache when Redis fails', () => {
  it('F2 I2 a connection that was lost: no copy from before is used, neither meanwhile nor afterwards', async () => {
    const record = await newCopied();
    const kept = await newCopied();
    const lost = main.lost();
    await server.command('CLIENT', 'KILL', 'ID', await main.client.clientId());
    await lost;
    await plain.delete(record.id);
    await assertAbsent(main.store, record.id, record.createdAt);
    await assertStored(main.store, kept);
    assert.equal(await scriptsRun(() => assertStored(main.store, kept)), 0);
    await plain.delete(kept.id);
    await main.heard();
    await assertAbsent(main.store, kept.id, kept.createdAt);
  });

  it('F1 a server that is gone: the session is not to be had, as without a near cache', async () => {
    const own = await startRedis();
    const { close, lost, store } = await openProcess(own);
    const record = await newStored(store);
    await assertStored(store, record);
    const noticed = lost();
    await own.kill();
    await noticed;
    let answered = false;
    const reading = store.read(record.id, record.createdAt).then((found) => {
      answered = true;
      return found;
    });
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.equal(answered, false);
    await own.restart(); // with nothing in it
    assert.equal(await reading, undefined);
    close();
    await own.stop();
  });

  it('F3 a server that hangs changes nothing: copies are good for keepFor, and what it does then is heard of', async () => {
    const record = await newCopied();
    server.pause();
    await assertStored(main.store, record, record.createdAt + KEEP_FOR - 1);
    const asked = main.store.read(record.id, record.createdAt + KEEP_FOR);
    const ended = plain.delete(record.id);
    server.resume();
    await Promise.all([asked, ended]);
    await main.heard();
    await assertAbsent(main.store, record.id, record.createdAt);
  });

  it.each(['FLUSHALL', 'FLUSHDB'])('%s is heard of', async (command) => {
    const record = await newCopied();
    await server.command(command);
    await main.heard();
    await assertAbsent(main.store, record.id, record.createdAt);
  });

  it('I2 what Redis no longer remembers having told us, it says', async () => {
    await admin.configSet('tracking-table-max-keys', '1');
    const records = await Promise.all([newCopied(), newCopied(), newCopied()]);
    for (const { id } of records) await plain.delete(id);
    await main.heard();
    for (const { createdAt, id } of records) await assertAbsent(main.store, id, createdAt);
    await admin.configSet('tracking-table-max-keys', '1000000');
  });
});

describe('a near cache, its start', () => {
  it('says what is not guaranteed', () => {
    const guarantees = { atomicUpdate: true, oneLiveToken: false, revocable: false, listable: true };
    expect(main.store.guarantees).toEqual(guarantees);
  });

  const DEAF: Record<string, () => RedisClient> = {
    'node-redis that was not asked to listen': () => createClient({ url: server.url }),
    'a pool': () => createClientPool({ url: server.url, emitInvalidate: true }),
    'a cluster': () => createCluster({ rootNodes: [{ url: server.url }], defaults: { emitInvalidate: true } }),
    ioredis: () => new Redis(server.url, { lazyConnect: true }),
    iovalkey: () => new Valkey(server.url, { lazyConnect: true }),
  };

  it.each(Object.entries(DEAF))('refuses %s', (_, make) => {
    const start = () => new RedisSessionStore(make(), { nearCache: {} });
    expect(start).toThrow(SessionConfigError);
    expect(start).toThrow(/^nearCache needs a client that is told .*emitInvalidate: true/);
  });

  it.each([
    [{ maxSessions: 0 }, 'nearCache.maxSessions must be a whole number from 1, not 0.'],
    [{ maxSessions: '9' as unknown as number }, 'nearCache.maxSessions must be a whole number from 1, not 9.'],
    [{ keepFor: 60_001 }, 'nearCache.keepFor must be milliseconds from 1 to 60000, not 60001.'],
    [{ keepFor: NaN }, 'nearCache.keepFor must be milliseconds from 1 to 60000, not NaN.'],
  ])('tells of a wrong option: %j', (nearCache, message) => {
    expect(() => new RedisSessionStore(main.client, { nearCache })).toThrow(new SessionConfigError(message));
  });
});
