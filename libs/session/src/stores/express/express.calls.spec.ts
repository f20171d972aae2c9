import { jest } from '@jest/globals';
import { EventEmitter } from 'node:events';
import session from 'express-session';
import createMemoryStore from 'memorystore';
import { SessionConfigError } from '../../core/errors.js';
import { assertStored, newRecord, newStored } from '../../testing/contract/theme.js';
import type { ExpressStore } from './express.client.js';
import { ExpressSessionStore } from './express.store.js';

const newEngine = () => new (createMemoryStore(session))({});

/** A store of the barest kind, in which one method is another one. */
function withMethods(methods: Partial<ExpressStore>): ExpressSessionStore {
  const engine = newEngine();
  return new ExpressSessionStore({
    get: (sid, callback) => engine.get(sid, callback),
    set: (sid, data, callback) => engine.set(sid, data as session.SessionData, callback),
    destroy: (sid, callback) => engine.destroy(sid, callback),
    ...methods,
  });
}

const FAILURES: Record<string, () => Partial<ExpressStore>> = {
  'an error in the callback': () => ({ get: (_sid, callback) => callback(new Error('down')) }),
  'an error that is no Error': () => ({ get: (_sid, callback) => callback('down') }),
  'an error in the same tick': () => ({
    get() {
      throw new Error('down');
    },
  }),
  'a rejection and no callback': () => ({ get: () => Promise.reject(new Error('down')) }),
};

describe('a store for express-session that fails', () => {
  it.each(Object.entries(FAILURES))('F-26 rejects every verb: %s', async (_name, methods) => {
    const store = withMethods(methods());
    const { createdAt: now, expiresAt, id, ...record } = newRecord();
    for (const call of [
      () => store.create({ ...record, id, createdAt: now, expiresAt }),
      () => store.read(id, now),
      () => store.update(id, { expect: {} }, now),
      () => store.touch(id, expiresAt, now, {}),
      () => store.delete(id),
      () => store.ping(),
    ]) {
      await expect(call().catch((error: unknown) => Promise.reject(new Error(String(error))))).rejects.toThrow('down');
    }
  });

  it.each(['set', 'destroy'] as const)('F-26 is told when %s fails, and the session is as it was', async (method) => {
    let fails = false;
    const engine = newEngine();
    const original = engine[method].bind(engine) as (...args: unknown[]) => void;
    const failing = (...args: unknown[]) => {
      if (!fails) return original(...args);
      (args.at(-1) as (error: Error) => void)(new Error('down'));
    };
    const store = new ExpressSessionStore(Object.assign(engine, { [method]: failing }));
    const record = await newStored(store);
    fails = true;
    const { createdAt: now, id } = record;
    if (method === 'set') await expect(store.update(id, { expect: {} }, now)).rejects.toThrow('down');
    else await expect(store.delete(id)).rejects.toThrow('down');
    await assertStored(store, record);
    fails = false;
    expect(await store.delete(id)).toBe(true);
  });

  it('ENOENT says that the session is not there, as it does to express-session', async () => {
    const absent = Object.assign(new Error('no such file'), { code: 'ENOENT' });
    const store = withMethods({ get: (_sid, callback) => callback(absent) });
    expect(await store.read(newRecord().id, Date.now())).toBeUndefined();
    expect(await store.delete(newRecord().id)).toBe(false);
  });

  it.each([null, undefined, false])('%p instead of a session says so too', async (nothing) => {
    const store = withMethods({ get: (_sid, callback) => callback(null, nothing) });
    expect(await store.read(newRecord().id, Date.now())).toBeUndefined();
  });

  it('a second callback changes nothing', async () => {
    const store = withMethods({
      destroy(_sid, callback) {
        callback();
        callback(new Error('twice'));
      },
    });
    const { id } = await newStored(store);
    expect(await store.delete(id)).toBe(true);
  });
});

describe('what a store for express-session is given', () => {
  it('B-48 says the end of the session in each way that such stores look for it', async () => {
    let given: session.SessionData | undefined;
    const engine = newEngine();
    const store = new ExpressSessionStore({
      get: (sid, callback) => engine.get(sid, callback),
      set(sid, data, callback) {
        given = data as session.SessionData;
        engine.set(sid, given, callback);
      },
      destroy: (sid, callback) => engine.destroy(sid, callback),
    });
    const before = Date.now();
    const { createdAt: now, id } = await newStored(store, { expiresAt: Date.now() + 600_000 });
    const ends = ({ cookie }: session.SessionData) => [
      cookie.originalMaxAge,
      cookie.maxAge,
      Number(cookie.expires) - before,
    ];
    for (const end of ends(given!)) expect(end).toBeGreaterThan(600_000);
    for (const end of ends(given!)) expect(end).toBeLessThan(720_000);
    // As JSON, which is how most of them keep it.
    expect(new Date(JSON.parse(JSON.stringify(given)).cookie.expires as string)).toEqual(given!.cookie.expires);
    expect(await store.touch(id, now + 1_200_000, now, {})).toBe('ok');
    for (const end of ends(given!)) expect(end).toBeGreaterThan(1_200_000);
  });

  it('I20 holds neither secret nor value in plain sight of its keys: fields are one text', async () => {
    let given = {};
    const store = withMethods({
      set(_sid, data, callback) {
        given = data;
        callback();
      },
    });
    await store.create(
      newRecord({
        fields: new Map([
          ['a.b', '1'],
          ['$set', '2'],
          ['__proto__', '3'],
        ]),
      }),
    );
    expect(Object.keys(given)).toEqual(['cookie', 'record']);
  });

  it('may be changed by it: session-file-store and others add to what they get', async () => {
    const engine = newEngine();
    const store = new ExpressSessionStore({
      get: (sid, callback) => engine.get(sid, callback),
      set(sid, data, callback) {
        Object.assign(data, { __lastAccess: 1, lastModified: new Date(), id: sid });
        engine.set(sid, data as session.SessionData, callback);
      },
      destroy: (sid, callback) => engine.destroy(sid, callback),
    });
    const record = await newStored(store, { fields: new Map([['a', '1']]) });
    await assertStored(store, record);
  });
});

describe('what is set up wrongly', () => {
  it.each([
    [undefined, 'undefined'],
    [null, 'null'],
    ['redis://:secret@localhost', 'a string'],
    [session.MemoryStore, 'MemoryStore (an instance is needed: new MemoryStore())'],
    [new EventEmitter(), 'an object of class EventEmitter'],
    [{ get() {}, set() {} }, 'an object of class Object'],
  ])('is told at once: %p', (given, named) => {
    const make = () => new ExpressSessionStore(given as unknown as ExpressStore);
    expect(make).toThrow(SessionConfigError);
    expect(make).toThrow(`was given ${named}`);
    expect(make).not.toThrow('secret');
  });

  it('F-11 a store that loses what it is given is told at start-up', async () => {
    const store = withMethods({ set: (_sid, _data, callback) => callback() });
    await expect(store.ping()).rejects.toThrow(SessionConfigError);
    await expect(store.ping()).rejects.toThrow('does not give back what it was given');
  });

  it('the probe of the start-up leaves nothing behind', async () => {
    const engine = newEngine();
    await new ExpressSessionStore(engine).ping();
    const ids = await new Promise((resolve) =>
      engine.all?.((_error, sessions) => resolve(Object.keys(sessions ?? {}))),
    );
    expect(ids).toEqual([]);
  });

  it('C-38 a session that is not ours is absent, stays, and is told once', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const engine = newEngine();
    const store = new ExpressSessionStore(engine);
    const foreign = { cookie: { originalMaxAge: null }, passport: { user: 'ada' } } as unknown as session.SessionData;
    const damaged = { cookie: { originalMaxAge: null }, record: '{"half' } as unknown as session.SessionData;
    const { createdAt: now, id } = newRecord();
    for (const data of [foreign, damaged]) {
      await new Promise((resolve) => engine.set(id, data, resolve));
      expect(await store.read(id, now)).toBeUndefined();
      expect(await store.delete(id)).toBe(false);
    }
    expect(warn.mock.calls.map(([, options]) => options)).toEqual([
      { type: 'SessionStoreWarning', code: 'NEST_SESSIONS_FOREIGN_SESSION' },
    ]);
    expect(String(warn.mock.calls[0]![0])).not.toContain('ada');
    warn.mockRestore();
  });
});
