import { jest } from '@jest/globals';
import { MemcacheClient } from 'memcache-client';
import { type MemcachedServer, startMemcached } from '../../../../../scripts/memcached.js';
import type { SessionRecord } from '../../core/record.js';
import { atOnce, countOf, newRecord, newRotation, newStored } from '../../testing/contract/theme.js';
import type { MemcachedClient } from './memcached.client.js';
import { MemcachedSessionStore } from './memcached.store.js';
import { textOf } from '../../core/record.text.js';

/** Stores that know nothing of each other, each with a connection of its own: to Memcached, four processes. */
describe('writers in several processes', () => {
  let server: MemcachedServer;
  let clients: MemcacheClient[];
  let stores: MemcachedSessionStore[];

  beforeAll(async () => {
    server = await startMemcached();
    clients = Array.from({ length: 4 }, () => new MemcacheClient({ server: server.address }));
    stores = clients.map((client) => new MemcachedSessionStore(client));
  });

  afterAll(async () => {
    for (const client of clients) client.shutdown();
    await server.stop();
  });

  const storeOf = (index: number) => stores[index % stores.length]!;

  it('B-27 I6 100 changes of different fields by 4 processes all stay', async () => {
    const record = await newStored(storeOf(0));
    const results = await atOnce(100, (index) => {
      const fields = new Map([[`field ${index}`, String(index)]]);
      return storeOf(index).update(record.id, { fields, expect: {} }, record.createdAt);
    });
    expect(countOf(results, 'ok')).toBe(100);
    const found = await storeOf(0).read(record.id, record.createdAt);
    expect(found?.version).toBe(100);
    expect(found?.fields.size).toBe(100);
  });

  it('B-39 I12 of 8 rotations by 4 processes that expect the same secret one happens', async () => {
    const record = await newStored(storeOf(0));
    const rotations = Array.from({ length: 8 }, () => newRotation(record));
    const results = await atOnce(8, (index) => {
      const change = { rotate: rotations[index]!, expect: { secretHash: record.secretHash } };
      return storeOf(index).update(record.id, change, record.createdAt);
    });
    expect(countOf(results, 'ok')).toBe(1);
    expect(countOf(results, 'conflict')).toBe(7);
    const found = await storeOf(0).read(record.id, record.createdAt);
    expect(found?.secretHash).toBe(rotations[results.indexOf('ok')]!.secretHash);
  });

  it('B-32 I2 a delete among writes of 4 processes is final', async () => {
    for (let round = 0; round < 20; round++) {
      const { createdAt, expiresAt, id } = await newStored(storeOf(0));
      await atOnce<unknown>(12, (index) => {
        const store = storeOf(index);
        if (index === round % 12) return store.delete(id, round % 2 ? {} : undefined);
        if (index % 2) return store.touch(id, expiresAt + 1 + index, createdAt, {});
        return store.update(id, { fields: new Map([['late', '1']]), expect: {} }, createdAt);
      });
      expect(await storeOf(1).read(id, createdAt)).toBeUndefined();
      expect(await storeOf(2).delete(id)).toBe(false);
    }
  });

  it('B-33 of 8 deletes by 4 processes exactly one says true, with an expectation or without', async () => {
    for (let round = 0; round < 10; round++) {
      const { id } = await newStored(storeOf(0));
      const results = await atOnce(8, (index) => storeOf(index).delete(id, index % 2 ? { generation: 0 } : undefined));
      expect(countOf(results, true)).toBe(1);
    }
  });
});

describe('a writer that is always overtaken', () => {
  it("gives up with 'conflict' after 30 attempts", async () => {
    const record = newRecord();
    let attempts = 0;
    const store = new MemcachedSessionStore(
      fakeClient(record, {
        cas: async () => {
          attempts++;
          throw new Error('EXISTS');
        },
      }),
    );
    expect(await store.update(record.id, { expect: {} }, record.createdAt)).toBe('conflict');
    expect(attempts).toBe(30);
  });

  it("does not try again what its expectation forbids: 'conflict' at once", async () => {
    const record = newRecord();
    let version = 0;
    const store = new MemcachedSessionStore(
      fakeClient(record, {
        gets: async () => ({ value: textOf({ ...record, version: version++ }), casUniq: '1' }),
        cas: () => Promise.reject(new Error('EXISTS')),
      }),
    );
    expect(await store.update(record.id, { expect: { version: 0 } }, record.createdAt)).toBe('conflict');
    expect(version).toBe(2);
  });
});

describe('a call that never ends', () => {
  afterEach(() => jest.useRealTimers());

  it('F1 is waited for a second by the next write of its session, and not at all by others', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'performance'] });
    const [stuck, other] = [newRecord(), newRecord()];
    let calls = 0;
    const store = new MemcachedSessionStore(
      fakeClient(stuck, {
        gets: (key) => {
          if (key.endsWith(other.id)) return Promise.resolve({ value: textOf(other), casUniq: '2' });
          return calls++ === 0 ? new Promise(() => {}) : Promise.resolve({ value: textOf(stuck), casUniq: '1' });
        },
      }),
    );
    const now = stuck.createdAt;
    void store.update(stuck.id, { expect: {} }, now);
    expect(await store.update(other.id, { expect: {} }, now)).toBe('ok');
    const next = store.update(stuck.id, { expect: {} }, now);
    await jest.advanceTimersByTimeAsync(999);
    expect(calls).toBe(1);
    await jest.advanceTimersByTimeAsync(1);
    expect(await next).toBe('ok');
    expect(await store.update(stuck.id, { expect: {} }, now)).toBe('ok');
  });
});

function fakeClient(record: SessionRecord, methods: Partial<MemcachedClient>): MemcachedClient {
  return {
    gets: async () => ({ value: textOf(record), casUniq: '1' }),
    add: async () => {},
    cas: async () => {},
    delete: async () => {},
    ...methods,
  };
}
