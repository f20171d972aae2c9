import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SessionConfigError, SessionStoreFullError } from '../../core/errors.js';
import type { SessionRecord } from '../../core/record.js';
import { describeSessionStore } from '../../testing/store.contract.js';
import { MemorySessionStore } from './memory.store.js';

describeSessionStore(
  'MemorySessionStore',
  async () => ({ store: new MemorySessionStore() }),
  { describe, it, beforeAll, afterAll },
  { without: ['pingable'] },
);

const NOW = 1_800_000_000_000;
const MINUTE = 60_000;

function record(id: string, given: Partial<SessionRecord> = {}): SessionRecord {
  const createdAt = given.createdAt ?? NOW;
  return {
    id,
    name: 'session',
    secretHash: 'hash',
    generation: 0,
    version: 0,
    fields: new Map(),
    meta: new Map(),
    createdAt,
    expiresAt: createdAt + 30 * MINUTE,
    absoluteExpiresAt: createdAt + 720 * MINUTE,
    ...given,
  };
}

async function idsOf(store: MemorySessionStore, ids: readonly string[], now = NOW): Promise<string[]> {
  const found = await Promise.all(ids.map((id) => store.read(id, now)));
  return found.flatMap((one) => one?.id ?? []);
}

describe('MemorySessionStore when it is full', () => {
  it('D-4 F24 keeps to maxSessions, and the oldest anonymous session makes room', async () => {
    const store = new MemorySessionStore({ maxSessions: 3 });
    for (const id of ['a', 'b', 'c', 'd', 'e']) expect(await store.create(record(id))).toBe(true);
    expect(store.size).toBe(3);
    expect(await idsOf(store, ['a', 'b', 'c', 'd', 'e'])).toEqual(['c', 'd', 'e']);
  });

  it('D-4 F24 expired sessions go before any that lives, logged in or not', async () => {
    const store = new MemorySessionStore({ maxSessions: 3 });
    await store.create(record('anonymous'));
    await store.create(record('dead', { expiresAt: NOW + MINUTE, userId: 'ann' }));
    await store.create(record('user', { userId: 'bob' }));
    await store.create(record('new', { createdAt: NOW + 2 * MINUTE }));
    expect(await idsOf(store, ['anonymous', 'dead', 'user', 'new'])).toEqual(['anonymous', 'user', 'new']);
    expect(store.size).toBe(3);
  });

  it('D-4 F24 no anonymous session takes the place of one that is logged in', async () => {
    const store = new MemorySessionStore({ maxSessions: 2 });
    await store.create(record('user', { userId: 'ann' }));
    for (const id of ['a', 'b', 'c']) await store.create(record(id));
    expect(await idsOf(store, ['user', 'a', 'b', 'c'])).toEqual(['user', 'c']);
  });

  it('D-4 refuses a new session, with a 503 that says why, when all are logged in, and loses none', async () => {
    const store = new MemorySessionStore({ maxSessions: 2 });
    await store.create(record('a', { userId: 'ann' }));
    await store.create(record('b', { userId: 'bob' }));
    const refused = store.create(record('c', { userId: 'cem' }));
    await expect(refused).rejects.toThrow(SessionStoreFullError);
    await expect(refused).rejects.toMatchObject({
      statusCode: 503,
      message: 'The session store is full. Try again shortly.',
      cause: { message: expect.stringContaining('maxSessions') },
    });
    expect(await idsOf(store, ['a', 'b', 'c'])).toEqual(['a', 'b']);
  });

  it('D-4 takes new sessions again once one has ended', async () => {
    const store = new MemorySessionStore({ maxSessions: 1 });
    await store.create(record('a', { userId: 'ann' }));
    await expect(store.create(record('b'))).rejects.toThrow(SessionStoreFullError);
    await store.delete('a');
    expect(await store.create(record('b'))).toBe(true);
  });

  it('D-4 what was there can still be read, changed and extended', async () => {
    const store = new MemorySessionStore({ maxSessions: 1 });
    await store.create(record('a', { userId: 'ann' }));
    expect(await store.update('a', { fields: new Map([['x', '1']]), expect: {} }, NOW)).toBe('ok');
    expect(await store.touch('a', NOW + 60 * MINUTE, NOW, {})).toBe('ok');
    expect((await store.read('a', NOW))?.fields.get('x')).toBe('1');
  });

  it('D-4 who logs in is safe from then on, and who loses the user is not', async () => {
    const store = new MemorySessionStore({ maxSessions: 2 });
    const rotate = (userId: string | undefined) => ({
      secretHash: 'other',
      generation: 1,
      userId,
      authenticatedAt: undefined,
      expiresAt: NOW + 30 * MINUTE,
      absoluteExpiresAt: NOW + 720 * MINUTE,
    });
    await store.create(record('a'));
    await store.create(record('b'));
    await store.update('a', { rotate: rotate('ann'), expect: {} }, NOW);
    await store.create(record('c'));
    expect(await idsOf(store, ['a', 'b', 'c'])).toEqual(['a', 'c']);
    await store.update('a', { rotate: rotate(undefined), expect: {} }, NOW);
    await store.update('c', { rotate: rotate('cem'), expect: {} }, NOW);
    await store.create(record('d'));
    expect(await idsOf(store, ['a', 'c', 'd'])).toEqual(['c', 'd']);
  });

  it('C-9 an id that is taken makes no room and throws nothing', async () => {
    const store = new MemorySessionStore({ maxSessions: 1 });
    await store.create(record('a', { userId: 'ann' }));
    expect(await store.create(record('a'))).toBe(false);
    expect(store.size).toBe(1);
  });

  it('I22 a session that made room is off every list', async () => {
    const store = new MemorySessionStore({ maxSessions: 1 });
    await store.create(record('a', { userId: 'ann', expiresAt: NOW + MINUTE }));
    await store.create(record('b', { createdAt: NOW + 2 * MINUTE, userId: 'bob' }));
    expect(await store.listByUser('ann', NOW)).toEqual([]);
    expect((await store.listByUser('bob', NOW)).map(({ id }) => id)).toEqual(['b']);
  });
});

describe('MemorySessionStore', () => {
  it.each([0, -1, 1.5, NaN, Infinity, '10', null])(
    'refuses maxSessions %p at once, and says what it takes',
    (given) => {
      const options = { maxSessions: given as number };
      expect(() => new MemorySessionStore(options)).toThrow(SessionConfigError);
      expect(() => new MemorySessionStore(options)).toThrow(`maxSessions must be a whole number from 1, not ${given}.`);
    },
  );

  it('counts what it holds', async () => {
    const store = new MemorySessionStore();
    expect(store.size).toBe(0);
    await store.create(record('a'));
    await store.create(record('b', { expiresAt: NOW + MINUTE }));
    expect(store.size).toBe(2);
    await store.delete('a');
    expect(store.size).toBe(1);
    await store.sweep(NOW + MINUTE, 10);
    expect(store.size).toBe(0);
  });

  it('R-6 an id whose session has expired is free again', async () => {
    const store = new MemorySessionStore();
    await store.create(record('a', { userId: 'ann', expiresAt: NOW + MINUTE }));
    const again = record('a', { createdAt: NOW + MINUTE, userId: 'bob' });
    expect(await store.create(again)).toBe(true);
    expect(await store.listByUser('ann', NOW)).toEqual([]);
    expect(await store.read('a', NOW + MINUTE)).toEqual(again);
    expect(await store.sweep(NOW + MINUTE, 10)).toBe(0);
    expect(await store.sweep(again.expiresAt, 10)).toBe(1);
  });

  it('D-4 forgets epochs after an hour, for no login takes that long', async () => {
    const store = new MemorySessionStore();
    await store.raiseEpoch('ann', NOW);
    await store.raiseEpoch('bob', NOW + 60 * MINUTE);
    expect(await store.epoch('ann')).toBe(NOW);
    await store.raiseEpoch('bob', NOW + 60 * MINUTE + 1);
    expect(await store.epoch('ann')).toBe(0);
  });

  // ExpiryQueue keeps the id of every session that was evicted or deleted until its end would have come.
  it('D-4 F24 takes no more memory for 200,000 sessions than for those that it keeps', async () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const store = new MemorySessionStore({ maxSessions: 10 });
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    for (let index = 0; index < 200_000; index++) await store.create(record(`id-${index}`));
    collectGarbage();
    const grown = process.memoryUsage().heapUsed - before;
    expect(store.size).toBe(10);
    expect(grown).toBeLessThan(2_000_000);
  });
});
