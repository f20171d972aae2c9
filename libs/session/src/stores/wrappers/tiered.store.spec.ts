import { jest } from '@jest/globals';
import { SessionConfigError } from '../../core/errors.js';
import type { SessionRecord } from '../../core/record.js';
import type { SessionStore, UserIndex } from '../../core/store.js';
import {
  assertAbsent,
  assertStored,
  atOnce,
  newId,
  newRecord,
  newRotation,
  newStored,
  newUser,
} from '../../testing/contract/theme.js';
import { FaultySessionStore, type Verb } from '../../testing/faulty.store.js';
import { MemorySessionStore } from '../memory/memory.store.js';
import { tiered } from './tiered.store.js';

const KEEP_FOR = 5_000;
const FIELD = { fields: new Map([['a', '1']]), expect: {} };

/** A tiered store, and what is behind it; `another()` is one of another process. */
function given() {
  const [cache, main] = [
    new FaultySessionStore(new MemorySessionStore()),
    new FaultySessionStore(new MemorySessionStore()),
  ];
  const another = () => tiered(cache.store, main.store);
  const reset = () => [cache, main].forEach((faults) => faults.reset());
  return { another, cache, main, reset, store: another() };
}

/** The same, with a session that has a copy in the cache. */
async function givenCopy() {
  const parts = given();
  const record = await newStored(parts.store, { userId: newUser() });
  await assertStored(parts.store, record);
  parts.reset();
  return { ...parts, record, id: record.id, now: record.createdAt };
}

const fail = () => {
  throw new Error('the cache is down');
};

let warnings: jest.SpiedFunction<typeof process.emitWarning>;

beforeEach(() => {
  warnings = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
});

afterEach(() => warnings.mockRestore());

describe('reading', () => {
  it('asks the store once, and then the cache alone', async () => {
    const { another, cache, main, now, record, store } = await givenCopy();
    await assertStored(store, record, now + 1);
    await assertStored(another(), record, now + 2);
    expect(main.total).toBe(0);
    expect(cache.calls).toEqual({ create: 0, read: 2, update: 0, touch: 0, delete: 0 });
  });

  it('R-54 a copy is used for no longer than keepFor after the read that made it, and then made anew', async () => {
    const { main, now, record, store } = await givenCopy();
    await assertStored(store, record, now + KEEP_FOR - 1);
    expect(main.calls.read).toBe(0);
    await assertStored(store, record, now + KEEP_FOR);
    expect(main.calls.read).toBe(1);
    await assertStored(store, record, now + KEEP_FOR + 1);
    expect(main.calls.read).toBe(1);
  });

  it('makes a copy anew where the old one is in the way: some caches keep what has expired for a while', async () => {
    const { cache, main } = given();
    const keeping = Object.assign(Object.create(cache.store) as SessionStore, {
      create: async (entry: SessionRecord) => !(await cache.store.read(entry.id, 0)) && cache.store.create(entry),
    });
    const store = tiered(keeping, main.store);
    const record = await newStored(store);
    for (const later of [0, KEEP_FOR]) await assertStored(store, record, record.createdAt + later);
    main.reset();
    await assertStored(store, record, record.createdAt + KEEP_FOR + 1);
    expect(main.total).toBe(0);
  });

  it('R-54 a clock that is set back does not make a copy last', async () => {
    const { main, now, record, store } = await givenCopy();
    await assertStored(store, record, now - KEEP_FOR);
    expect(main.calls.read).toBe(1);
  });

  it('R-54 what is not in the cache is not absent', async () => {
    const { main, store } = given();
    const record = await newStored(main.store);
    await assertStored(store, record);
  });

  it('B-43 a copy does not outlive its session, nor end one that was touched elsewhere', async () => {
    const { main, store } = given();
    const record = await newStored(store, { expiresAt: Date.now() + 1_000 });
    const { expiresAt, id } = record;
    await assertStored(store, record, expiresAt - 1);
    await assertAbsent(store, id, expiresAt);
    await main.store.touch(id, expiresAt + 1_000, expiresAt - 1, {});
    await assertStored(store, { ...record, expiresAt: expiresAt + 1_000 }, expiresAt);
  });

  it('D-3 leaves nothing behind of an id that is unknown', async () => {
    const { cache, store } = given();
    const id = newId();
    await assertAbsent(store, id);
    expect(await cache.store.read(id, 0)).toBeUndefined();
  });

  it('many at once for what is not in the cache make one copy, and all get the session', async () => {
    const { cache, main, store } = given();
    const record = await newStored(main.store);
    await atOnce(10, () => assertStored(store, record));
    expect(cache.calls.update).toBe(1);
    main.reset();
    await assertStored(store, record);
    expect(main.total).toBe(0);
  });

  it('an entry of the cache is nobody’s, and no token opens it', async () => {
    const { cache, id, record } = await givenCopy();
    const entry = (await cache.store.read(id, 0))!;
    expect([entry.name, entry.userId]).toEqual(['cache', undefined]);
    expect(entry.secretHash).not.toBe(record.secretHash);
    expect(await (cache.store as SessionStore & UserIndex).listByUser(record.userId!, 0)).toEqual([]);
  });
});

type Write = (store: SessionStore, record: ReturnType<typeof newRecord>) => Promise<unknown>;

const WRITES: Record<string, Write> = {
  update: (store, { createdAt, id }) => store.update(id, FIELD, createdAt),
  rotation: (store, record) => store.update(record.id, { rotate: newRotation(record), expect: {} }, record.createdAt),
  touch: (store, { createdAt, expiresAt, id }) => store.touch(id, expiresAt + 1, createdAt, {}),
  delete: (store, { id }) => store.delete(id),
};

describe.each(Object.entries(WRITES))('%s', (_name, write) => {
  it('R-54 I2 I10 reaches the store first and then the cache, and is seen by every process at once', async () => {
    const { another, cache, main, now, record, store } = await givenCopy();
    const order: string[] = [];
    for (const [name, faults] of Object.entries({ cache, main }))
      faults.fault = (verb) => order.push(`${name} ${verb}`);
    await write(store, record);
    expect(order.map((step) => step.split(' ')[0])).toEqual(['main', 'cache']);
    expect(order[1]).toBe('cache delete');
    expect(await another().read(record.id, now)).toEqual(await main.store.read(record.id, now));
  });

  it('I10 waits until the copy is dropped', async () => {
    const { cache, record, store } = await givenCopy();
    const { reached, release } = cache.hold('delete');
    let done = false;
    const writing = write(store, record).then(() => (done = true));
    await reached;
    await new Promise(setImmediate);
    expect(done).toBe(false);
    release();
    await writing;
  });

  it('R-54 I2 a reader that saw what was before it leaves no copy of that', async () => {
    const { another, cache, main, now, record, store } = await givenCopy();
    await store.touch(record.id, record.expiresAt, now, {}); // The copy goes.
    let seen = (): void => {};
    const read = new Promise<void>((resolve) => (seen = resolve));
    let goOn = (): void => {};
    const held = new Promise<void>((resolve) => (goOn = resolve));
    const slow = new Proxy(main.store, {
      get(target, name) {
        if (name !== 'read') return Reflect.get(target, name) as unknown;
        return async (id: string, at: number) => {
          const found = await target.read(id, at);
          seen();
          await held;
          return found;
        };
      },
    });
    const reader = tiered(cache.store, slow).read(record.id, now);
    await read;
    await write(store, record);
    await another().read(record.id, now); // A copy of what is now.
    goOn();
    expect(await reader).toBeDefined();
    expect(await another().read(record.id, now)).toEqual(await main.store.read(record.id, now));
  });

  it('F-26 happens when the cache fails', async () => {
    const { cache, main, now, record, store } = await givenCopy();
    cache.fault = fail;
    expect([true, 'ok']).toContain(await write(store, record));
    expect(await store.read(record.id, now)).toEqual(await main.store.read(record.id, now));
  });

  it('drops the copy also when the store fails: it may have happened', async () => {
    const { cache, main, record, store } = await givenCopy();
    main.fault = fail;
    await expect(write(store, record)).rejects.toThrow('down');
    expect(await cache.store.read(record.id, 0)).toBeUndefined();
  });
});

describe('a refused write', () => {
  it('drops the copy, so that who tries again does not look at it again', async () => {
    const { id, main, now, store } = await givenCopy();
    await main.store.update(id, FIELD, now);
    const change = { ...FIELD, expect: { fields: new Map([['a', null]]) } };
    expect(await store.update(id, change, now)).toBe('conflict');
    expect((await store.read(id, now))!.fields.get('a')).toBe('1');
  });
});

describe('a cache that fails', () => {
  it.each(['create', 'read', 'update', 'delete'] as Verb[])('F-26 in %s fails no request', async (failing) => {
    const { cache, main, store } = given();
    cache.fault = (verb) => verb === failing && fail();
    const record = await newStored(store);
    for (const later of [0, KEEP_FOR]) {
      await assertStored(store, record, record.createdAt + later);
      expect(await store.update(record.id, { expect: {} }, record.createdAt)).toBe('ok');
      expect(await store.delete(record.id)).toBe(true);
      expect(await main.store.create(record)).toBe(true);
    }
  });

  it('F-26 by not answering costs a quarter of a second a few times, and is then left alone', async () => {
    jest.useFakeTimers();
    try {
      const { cache, main, store } = given();
      const record = await newStored(main.store);
      cache.fault = () => new Promise(() => {});
      for (let read = 0; read < 5; read++) {
        const reading = store.read(record.id, record.createdAt);
        // A deadline may be noticed 20 ms late.
        await jest.advanceTimersByTimeAsync(270);
        expect(await reading).toBeDefined();
      }
      cache.reset();
      expect(await store.read(record.id, record.createdAt)).toBeDefined();
      expect(cache.total).toBe(0);
    } finally {
      jest.useRealTimers();
    }
  });

  it('F-26 is told once', async () => {
    const { cache, store } = given();
    cache.fault = fail;
    await atOnce(3, () => store.read(newId(), Date.now()));
    expect(warnings.mock.calls).toEqual([
      [expect.stringContaining('5000 ms'), { type: 'SessionStoreWarning', code: 'NEST_SESSIONS_CACHE_FAILS' }],
    ]);
  });

  it('R-54 at the very moment of a logout leaves a copy for others, for as long as keepFor and no longer', async () => {
    const { another, cache, id, now, store } = await givenCopy();
    cache.fault = fail;
    expect(await store.delete(id)).toBe(true);
    cache.fault = undefined;
    // This is why `revocable` is not guaranteed.
    expect(await another().read(id, now + KEEP_FOR - 1)).toBeDefined();
    await assertAbsent(another(), id, now + KEEP_FOR);
    await assertAbsent(another(), id, now + KEEP_FOR + 1);
  });

  it('R-54 at the very moment of a login leaves the old token open for as long, too', async () => {
    const { another, cache, id, now, record, store } = await givenCopy();
    cache.fault = fail;
    expect(await store.update(id, { rotate: newRotation(record), expect: {} }, now)).toBe('ok');
    cache.fault = undefined;
    expect((await another().read(id, now + KEEP_FOR - 1))!.secretHash).toBe(record.secretHash);
    expect((await another().read(id, now + KEEP_FOR))!.secretHash).not.toBe(record.secretHash);
  });

  it('a copy that is garbage is no session', async () => {
    const { cache, id, now, record, store } = await givenCopy();
    await cache.store.update(id, { fields: new Map([['record', '{"half']]), expect: {} }, now);
    await assertStored(store, record);
  });
});

describe('the start', () => {
  it('says what is not guaranteed', () => {
    expect(given().store.guarantees).toEqual({
      atomicUpdate: true,
      oneLiveToken: false,
      revocable: false,
      listable: true,
    });
  });

  it('goes on without a cache that is down, and not with one that is set up wrongly', async () => {
    const pinging = (ping: () => Promise<void>) => Object.assign(new MemorySessionStore(), { ping });
    const start = (error: Error) => {
      const store = tiered(
        pinging(() => Promise.reject(error)),
        pinging(async () => {}),
      );
      return (store as unknown as { ping(): Promise<void> }).ping();
    };
    await expect(start(new Error('connection refused'))).resolves.toBeUndefined();
    await expect(start(new SessionConfigError('it is a cluster'))).rejects.toThrow('it is a cluster');
  });

  it.each([0, -1, 60_001, NaN, '5s', null])('tells of a wrong keepFor: %p', (keepFor) => {
    const make = () => tiered(new MemorySessionStore(), new MemorySessionStore(), { keepFor: keepFor as number });
    expect(make).toThrow(SessionConfigError);
    expect(make).toThrow('keepFor must be milliseconds from 1 to 60000');
  });

  it('tells what is not a store', () => {
    expect(() => tiered({} as SessionStore, new MemorySessionStore())).toThrow(
      'The first argument of tiered(), the cache, is',
    );
    expect(() => tiered(new MemorySessionStore(), {} as SessionStore)).toThrow(
      'The second argument of tiered(), the store, is',
    );
  });
});
