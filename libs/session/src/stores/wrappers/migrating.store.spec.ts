import { SessionConfigError } from '../../core/errors.js';
import type { SessionRecord } from '../../core/record.js';
import {
  isPingable,
  isSweepable,
  isUserIndex,
  type SessionStore,
  type Sweepable,
  type UserIndex,
} from '../../core/store.js';
import {
  assertAbsent,
  assertStored,
  atOnce,
  copyOf,
  newId,
  newRecord,
  newRotation,
  newStored,
  newUser,
} from '../../testing/contract/theme.js';
import { FaultySessionStore } from '../../testing/faulty.store.js';
import { MemorySessionStore } from '../memory/memory.store.js';
import { migrating } from './migrating.store.js';

type Whole = SessionStore & UserIndex & Sweepable;

const FIELDS = new Map([['cart', '["tea"]']]);
const CHANGE = { fields: new Map([['colour', '"red"']]), expect: {} };

async function given() {
  const [to, from] = [
    new FaultySessionStore(new MemorySessionStore()),
    new FaultySessionStore(new MemorySessionStore()),
  ];
  const store = migrating(to.store, from.store) as Whole;
  const old = await newStored(from.store, {
    userId: newUser(),
    fields: FIELDS,
    meta: new Map([['idle', '1']]),
    version: 4,
  });
  const [newOne, oldOne] = [to.store as Whole, from.store as Whole];
  return { from, id: old.id, newOne, now: old.createdAt, old, oldOne, store, to };
}

/** Moving counts as an update. */
const moved = (old: SessionRecord): SessionRecord => ({ ...old, version: old.version + 1 });

describe('a session in the old store', () => {
  it('moves when it is read, whole, and is then read from the new store alone', async () => {
    const { from, id, newOne, now, old, oldOne, store, to } = await given();
    await assertStored(store, moved(old));
    await assertStored(newOne, moved(old));
    await assertAbsent(oldOne, id, now);
    [from, to].forEach((faults) => faults.reset());
    await assertStored(store, moved(old));
    expect([from.total, to.calls]).toEqual([0, { create: 0, read: 1, update: 0, touch: 0, delete: 0 }]);
  });

  it.each<
    [string, (store: SessionStore, old: SessionRecord) => Promise<unknown>, (old: SessionRecord) => SessionRecord]
  >([
    [
      'update',
      (store, { createdAt, id }) => store.update(id, CHANGE, createdAt),
      (old) => ({ ...old, version: 6, fields: new Map([...FIELDS, ...CHANGE.fields]) }),
    ],
    [
      'touch',
      (store, { createdAt, expiresAt, id }) => store.touch(id, expiresAt + 1, createdAt, { generation: 0 }),
      (old) => ({ ...old, version: 5, expiresAt: old.expiresAt + 1 }),
    ],
  ])('moves when it is written: %s', async (_verb, write, after) => {
    const { newOne, now, old, oldOne, store } = await given();
    expect(await write(store, old)).toBe('ok');
    await assertStored(newOne, after(old));
    await assertAbsent(oldOne, old.id, now);
  });

  it('I13 is written under expectations like any other', async () => {
    const { id, now, old, store } = await given();
    expect(await store.update(id, { ...CHANGE, expect: { generation: 1 } }, now)).toBe('conflict');
    expect(await store.update(id, { ...CHANGE, expect: { fields: new Map([['cart', '[]']]) } }, now)).toBe('conflict');
    await assertStored(store, moved(old));
    expect(await store.update(id, { rotate: newRotation(old), expect: { secretHash: old.secretHash } }, now)).toBe(
      'ok',
    );
  });

  it('C-9 I16 has its id for itself', async () => {
    const { id, old, store } = await given();
    expect(await store.create(newRecord({ id }))).toBe(false);
    await assertStored(store, moved(old));
  });

  it('B-33 I2 is ended there, and cannot be written any more', async () => {
    const { id, newOne, now, oldOne, store } = await given();
    expect(await store.delete(id, { userId: newUser() })).toBe(false);
    expect(await store.delete(id)).toBe(true);
    expect(await store.delete(id)).toBe(false);
    expect(await store.update(id, CHANGE, now)).toBe('gone');
    await assertAbsent(store, id, now);
    for (const one of [newOne, oldOne]) expect(await one.read(id, 0)).toBeUndefined();
  });

  it('B-43 that has expired does not move', async () => {
    const { id, newOne, old, store } = await given();
    await assertAbsent(store, id, old.expiresAt);
    expect(await store.update(id, CHANGE, old.expiresAt)).toBe('gone');
    expect(await newOne.read(id, 0)).toBeUndefined();
  });

  it('is read by twenty at once, and moves once', async () => {
    const { from, old, store } = await given();
    await atOnce(20, () => assertStored(store, moved(old)));
    expect(from.calls.delete).toBe(1);
  });

  it('is read by twenty processes at once, and moves once', async () => {
    const { newOne, old, oldOne } = await given();
    await atOnce(20, () => assertStored(migrating(newOne, oldOne), moved(old)));
  });
});

describe('what is new', () => {
  it('goes to the new store', async () => {
    const { newOne, now, oldOne, store } = await given();
    const record = await newStored(store);
    await assertStored(newOne, record);
    await assertAbsent(oldOne, record.id, now);
  });

  it('C-13 an unknown id costs three reads, and leaves nothing', async () => {
    const { from, newOne, now, store, to } = await given();
    [from, to].forEach((faults) => faults.reset());
    const id = newId();
    await assertAbsent(store, id, now);
    expect([to.total, from.total]).toEqual([2, 1]);
    expect(await newOne.read(id, 0)).toBeUndefined();
  });
});

describe('both stores', () => {
  it('I22 list the sessions of a user together, each once', async () => {
    const { id, now, old, store } = await given();
    const userId = old.userId!;
    const another = await newStored(store, { userId });
    const ids = async () => (await store.listByUser(userId, now)).map((record) => record.id).sort();
    const both = [id, another.id].sort();
    expect(await ids()).toEqual(both);
    await assertStored(store, moved(old));
    expect(await ids()).toEqual(both);
    await store.delete(id);
    expect(await ids()).toEqual([another.id]);
  });

  it('B-42 know of a raised epoch, and the later one counts', async () => {
    const { newOne, now, oldOne, store } = await given();
    const userId = newUser();
    await store.raiseEpoch(userId, now);
    expect([await newOne.epoch(userId), await oldOne.epoch(userId)]).toEqual([now, now]);
    await oldOne.raiseEpoch(userId, now + 1);
    expect(await store.epoch(userId)).toBe(now + 1);
  });

  it('B-49 are swept, within one limit', async () => {
    const { newOne, old, oldOne, store } = await given();
    await newStored(newOne, copyOf({ ...old, id: newId() }));
    await newStored(oldOne, copyOf({ ...old, id: newId() }));
    const sizes = [];
    for (let round = 0; round < 3; round++) sizes.push(await store.sweep(old.expiresAt, 2));
    expect(sizes).toEqual([2, 1, 0]);
  });

  it('are what the wrapper is: it guarantees what both do, lists if both do, sweeps and pings if one does', () => {
    const memory = () => new MemorySessionStore();
    const limited = (given: object) => {
      const { create, delete: end, read, touch, update } = memory();
      const guarantees = { atomicUpdate: true, oneLiveToken: true, revocable: false, listable: false };
      return { create, read, update, touch, delete: end, guarantees, ...given } as SessionStore;
    };
    const pinged = limited({ ping: async () => {} });
    const canDo = (store: SessionStore) => [isUserIndex(store), isSweepable(store), isPingable(store)];
    expect(canDo(migrating(memory(), memory()))).toEqual([true, true, false]);
    expect(canDo(migrating(memory(), pinged))).toEqual([false, true, true]);
    expect(canDo(migrating(pinged, memory()))).toEqual([false, true, true]);
    expect(canDo(migrating(limited({}), limited({})))).toEqual([false, false, false]);
    expect(migrating(memory(), pinged).guarantees).toEqual(pinged.guarantees);
  });

  it('have to be stores', () => {
    const [store, none] = [new MemorySessionStore(), {} as SessionStore];
    expect(() => migrating(none, store)).toThrow(SessionConfigError);
    expect(() => migrating(none, store)).toThrow('The first argument of migrating(), the new store, is an object');
    expect(() => migrating(store, none)).toThrow('The second argument of migrating(), the old store, is an object');
  });
});
