import { assert as assertProperty, asyncProperty, boolean, type Scheduler, scheduler } from 'fast-check';
import type { SessionRecord } from '../../core/record.js';
import type { Rotation, SessionStore, UserIndex } from '../../core/store.js';
import { assertAbsent, assertStored, newRotation, newStored, newUser } from '../../testing/contract/theme.js';
import { FaultySessionStore, type Verb } from '../../testing/faulty.store.js';
import { MemorySessionStore } from '../memory/memory.store.js';
import { migrating } from './migrating.store.js';

/** The calls that a move consists of, in their order. */
const STEPS = [
  { step: 'taking the place', at: 'to', verb: 'create' },
  { step: 'leaving the old store', at: 'from', verb: 'delete' },
  { step: 'arriving', at: 'to', verb: 'update' },
] as const;

const PRESUMED_DEAD = 5_000;

type Whole = SessionStore & UserIndex;

/** Two stores that both processes share, and the process that is about to move a session. */
async function given() {
  const [to, from] = [new MemorySessionStore(), new MemorySessionStore()];
  const faults = { to: new FaultySessionStore(to), from: new FaultySessionStore(from) };
  const mover = migrating(faults.to.store, faults.from.store) as Whole;
  const another = () => migrating(to, from) as Whole;
  const old = await newStored(from, { userId: newUser(), fields: new Map([['cart', '["tea"]']]) });
  return { another, faults, from, id: old.id, mover, now: old.createdAt, old, to };
}

const moved = (old: SessionRecord): SessionRecord => ({ ...old, version: old.version + 1 });

/** Dies at a step: the call does not happen, or it happens and its answer is lost. Whatever follows does not happen. */
function dieAt(
  faults: Record<'to' | 'from', FaultySessionStore>,
  raw: Record<'to' | 'from', SessionStore>,
  at: 'to' | 'from',
  verb: Verb,
  happens: boolean,
): void {
  let dead = false;
  for (const side of ['to', 'from'] as const) {
    faults[side].fault = async (called, args) => {
      if (dead) throw new Error('dead');
      if (side !== at || called !== verb) return;
      dead = true;
      if (happens) await (raw[side][verb] as (...args: unknown[]) => Promise<unknown>)(...args);
      throw new Error('dead');
    };
  }
}

const CRASHES = STEPS.flatMap((step) => [
  { ...step, when: 'before', happens: false },
  { ...step, when: 'after', happens: true },
]);

describe.each(CRASHES)('a process that dies $when $step', ({ at, happens, verb }) => {
  async function crashed() {
    const parts = await given();
    const { faults, from, id, mover, now, to } = parts;
    dieAt(faults, { to, from }, at, verb, happens);
    await expect(mover.read(id, now)).rejects.toThrow('dead');
    return parts;
  }

  it('loses nobody: the session is there for the next reader, at the latest 5 s later, once', async () => {
    const { another, from, id, now, old, to } = await crashed();
    const later = now + PRESUMED_DEAD;
    const found = await another().read(id, later);
    expect({ ...found, version: 0 }).toEqual({ ...old, version: 0 });
    await assertStored(to, found!, later);
    await assertAbsent(from, id, later);
    expect(await another().update(id, { expect: { generation: 0, secretHash: old.secretHash } }, later)).toBe('ok');
  });

  it('leaves it on the list of its user, once and with its token', async () => {
    const { another, now, old } = await crashed();
    const listed = await another().listByUser(old.userId!, now);
    expect(listed.map(({ id, secretHash }) => [id, secretHash])).toEqual([[old.id, old.secretHash]]);
  });

  it('I2 revives nothing: ended by anybody, at once or later, it stays ended', async () => {
    for (const wait of [0, PRESUMED_DEAD]) {
      const { another, from, id, now, old, to } = await crashed();
      expect(await another().delete(id, { userId: old.userId! })).toBe(true);
      for (const at of [now + wait, now + 2 * PRESUMED_DEAD]) await assertAbsent(another(), id, at);
      for (const store of [to, from]) expect(await store.read(id, 0)).toBeUndefined();
    }
  });

  it('I14 leaves nothing in the new store that a token opens before the session has left the old one', async () => {
    const { from, id, now, old, to } = await crashed();
    const open = await Promise.all([to, from].map(async (store) => (await store.read(id, now))?.secretHash));
    expect(open.filter((hash) => hash === old.secretHash).length).toBeLessThanOrEqual(1);
  });
});

describe.each(STEPS)('while a session is $step', ({ at, verb }) => {
  /** The move has come to this step, and waits. */
  async function moving() {
    const parts = await given();
    const { faults, id, mover, now } = parts;
    const { reached, release } = faults[at].hold(verb);
    const reading = mover.read(id, now);
    await reached;
    return { ...parts, reading, release };
  }

  it('I2 C-1 who ends it has ended it', async () => {
    const { another, from, id, now, reading, release, to } = await moving();
    expect(await another().delete(id)).toBe(true);
    await assertAbsent(another(), id, now);
    release();
    expect(await reading).toBeUndefined();
    for (const store of [to, from]) expect(await store.read(id, 0)).toBeUndefined();
  });

  it('I22 who ends all sessions of its user finds it', async () => {
    const { another, id, now, old, reading, release } = await moving();
    const store = another();
    const listed = await store.listByUser(old.userId!, now);
    expect(listed.map((record) => record.id)).toEqual([id]);
    await store.delete(id, { userId: old.userId! });
    release();
    expect(await reading).toBeUndefined();
    await assertAbsent(store, id, now);
  });

  it('another process that wants it waits for it, and loses nobody', async () => {
    const { another, id, now, old, reading, release } = await moving();
    const writing = another().update(id, { fields: new Map([['a', '1']]), expect: { generation: 0 } }, now);
    const other = another().read(id, now);
    release();
    expect((await other)?.secretHash).toBe(old.secretHash);
    expect(await writing).toBe('ok');
    expect((await reading)?.secretHash).toBe(old.secretHash);
    expect((await another().read(id, now))?.fields).toEqual(new Map([...old.fields, ['a', '1']]));
  });
});

describe.each(STEPS)('what another process does to a session that is $step', ({ at, verb }) => {
  type Write = (store: SessionStore, old: SessionRecord, rotate: Rotation) => Promise<unknown>;
  const writes: Record<string, Write> = {
    'a login': (store, { createdAt, id }, rotate) => store.update(id, { rotate, expect: { generation: 0 } }, createdAt),
    'a touch': (store, { createdAt, id }, { expiresAt }) => store.touch(id, expiresAt, createdAt, { generation: 0 }),
  };

  it.each(Object.entries(writes))('I12 I13 is done to the session and not to its place: %s', async (name, write) => {
    const { another, faults, id, mover, now, old } = await given();
    const { reached, release } = faults[at].hold(verb);
    const reading = mover.read(id, now);
    await reached;
    const rotate = newRotation(old, { expiresAt: old.expiresAt + 1 });
    const writing = write(another(), old, rotate);
    await new Promise(setImmediate);
    release();
    expect(await writing).toBe('ok');
    await reading;
    const written = name === 'a touch' ? { expiresAt: rotate.expiresAt } : { ...rotate, version: 2 };
    for (const later of [0, PRESUMED_DEAD]) await assertStored(another(), { ...moved(old), ...written }, now + later);
  });
});

describe('a process that was presumed dead and goes on', () => {
  it('I12 does not undo what happened since: a login keeps its token', async () => {
    const { another, faults, id, mover, now, old } = await given();
    const { reached, release } = faults.to.hold('update');
    const reading = mover.read(id, now);
    await reached;
    const later = now + PRESUMED_DEAD;
    expect(await another().read(id, later)).toBeDefined();
    const rotate = newRotation(old);
    expect(await another().update(id, { rotate, expect: { generation: 0 } }, later)).toBe('ok');
    release();
    expect((await reading)?.secretHash).toBe(rotate.secretHash);
    await assertStored(another(), { ...old, ...rotate, version: 2 }, later);
  });
});

describe('who lists the sessions of a user', () => {
  it('I22 finds one that moves between the looks at the two stores', async () => {
    const { another, from, id, now, old, to } = await given();
    const moving = (store: MemorySessionStore) =>
      new Proxy(store, {
        get(target, name) {
          const value: unknown = Reflect.get(target, name);
          if (name !== 'listByUser') return typeof value === 'function' ? value.bind(target) : value;
          return async (userId: string, at: number) => {
            const listed = await target.listByUser(userId, at);
            await another().read(id, at);
            return listed;
          };
        },
      });
    const store = migrating(moving(to), moving(from)) as Whole;
    expect((await store.listByUser(old.userId!, now)).map((record) => record.id)).toEqual([id]);
  });
});

describe('what is done to the old store directly', () => {
  it('I2 a session that is removed there before it leaves is not revived: only who deleted it lets it arrive', async () => {
    const { another, faults, from, id, mover, now, to } = await given();
    const { reached, release } = faults.from.hold('delete');
    const reading = mover.read(id, now);
    await reached;
    expect(await from.delete(id)).toBe(true);
    release();
    expect(await reading).toBeUndefined();
    expect(await to.read(id, 0)).toBeUndefined();
    await assertAbsent(another(), id, now + PRESUMED_DEAD);
  });

  it('I6 a session that is written there before it leaves moves with what was written', async () => {
    const { faults, from, id, mover, now, old } = await given();
    const { reached, release } = faults.from.hold('delete');
    const reading = mover.read(id, now);
    await reached;
    const fields = new Map([['late', '1']]);
    expect(await from.update(id, { fields, expect: {} }, now)).toBe('ok');
    release();
    const written = { ...old, version: old.version + 1, fields: new Map([...old.fields, ...fields]) };
    expect(await reading).toEqual(moved(written));
  });
});

describe('a store that is down', () => {
  it.each(['to', 'from'] as const)('F-26 is told, and loses nothing: %s', async (side) => {
    const { another, faults, id, mover, now, old } = await given();
    faults[side].fault = () => {
      throw new Error('down');
    };
    await expect(mover.read(id, now)).rejects.toThrow('down');
    await expect(mover.update(id, { expect: {} }, now)).rejects.toThrow('down');
    await assertStored(another(), moved(old));
  });

  it.each(['to', 'from'] as const)('F-26 I11 fails a logout, which can be tried again: %s', async (side) => {
    const { another, faults, id, mover, now } = await given();
    faults[side].fault = () => {
      throw new Error('down');
    };
    await expect(mover.delete(id)).rejects.toThrow('down');
    faults[side].reset();
    await mover.delete(id);
    await assertAbsent(another(), id, now);
  });

  it('the new store is enough for sessions that have moved', async () => {
    const { faults, id, mover, now, old } = await given();
    await mover.read(id, now);
    faults.from.fault = () => {
      throw new Error('down');
    };
    await assertStored(mover, moved(old));
    expect(await mover.update(id, { expect: {} }, now)).toBe('ok');
  });
});

/** Every call of a store becomes a step that the scheduler orders. */
function scheduled(store: SessionStore, name: string, order: Scheduler): SessionStore {
  return new Proxy(store, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property);
      if (typeof value !== 'function') return value;
      return async (...args: unknown[]) => {
        await order.schedule(Promise.resolve(), `${name}.${String(property)}`);
        return value.apply(target, args) as unknown;
      };
    },
  });
}

describe('processes that read, write and end a session that moves, in any order of their steps', () => {
  it('I2 I6 I12 after the end nothing is there, and without one nobody is lost and nothing that was written', async () => {
    await assertProperty(
      asyncProperty(scheduler(), boolean(), async (order, ends) => {
        const [to, from] = [new MemorySessionStore(), new MemorySessionStore()];
        const old = await newStored(from);
        const { createdAt: now, id } = old;
        const process = (name: string) => {
          return migrating(scheduled(to, `${name}.to`, order), scheduled(from, `${name}.from`, order));
        };
        const reading = Promise.all([process('a').read(id, now), process('b').read(id, now)]);
        const writing = process('c').update(id, { fields: new Map([['w', '1']]), expect: { generation: 0 } }, now);
        const ending = ends ? process('d').delete(id) : false;
        const [found, written, ended] = await order.waitFor(Promise.all([reading, writing, ending]));
        const left = await migrating(to, from).read(id, now);
        expect(ended).toBe(ends);
        if (ends) return expect([left, await to.read(id, 0), await from.read(id, 0)]).toEqual(Array(3).fill(undefined));
        expect([...found, left].map((record) => record?.secretHash)).toEqual(Array(3).fill(old.secretHash));
        expect([written, left]).toEqual(['ok', { ...old, version: 2, fields: new Map([['w', '1']]) }]);
      }),
      { numRuns: 300 },
    );
  });
});
