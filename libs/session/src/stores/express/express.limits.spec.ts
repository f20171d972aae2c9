import session from 'express-session';
import createMemoryStore from 'memorystore';
import type { UpdateResult } from '../../core/store.js';
import { newRecord, newRotation, newStored } from '../../testing/contract/theme.js';
import type { ExpressStore } from './express.client.js';
import { ExpressSessionStore } from './express.store.js';

const field = (name: string) => ({ fields: new Map([[name, '1']]), expect: {} });

/**
 * An engine and two processes that share it, which here are two stores that know nothing of each other. The first has
 * begun a write, of field `slow`, that is on its way to the engine until `land` is called.
 */
async function givenSlowWrite() {
  const engine = new (createMemoryStore(session))({});
  const other = new ExpressSessionStore(engine);
  const record = await newStored(other, { userId: 'ada', fields: new Map([['kept', '1']]) });
  const { createdAt: now, id } = record;
  let write: Promise<UpdateResult> | undefined;
  const send = await new Promise<() => void>((reached) => {
    const slow: ExpressStore = {
      get: (sid, callback) => engine.get(sid, callback),
      set: (...args: Parameters<typeof engine.set>) => reached(() => engine.set(...args)),
      destroy: (sid, callback) => engine.destroy(sid, callback),
    };
    write = new ExpressSessionStore(slow).update(id, field('slow'), now);
  });
  const land = async () => {
    send();
    expect(await write).toBe('ok');
    return other.read(id, now);
  };
  return { land, other, record };
}

// What the guarantees of ExpressSessionStore deny really happens: they are not false out of caution.
describe('two processes that write to one session within the same round trip', () => {
  it('I6 atomicUpdate is false: the later write undoes what the other one wrote', async () => {
    const { land, other, record } = await givenSlowWrite();
    expect(await other.update(record.id, field('quick'), record.createdAt)).toBe('ok');
    expect([...(await land())!.fields.keys()]).toEqual(['kept', 'slow']);
  });

  it('I12 oneLiveToken is false: the later write brings the token back that a login had replaced', async () => {
    const { land, other, record } = await givenSlowWrite();
    const rotate = newRotation(record, { userId: 'bob' });
    expect(await other.update(record.id, { rotate, expect: {} }, record.createdAt)).toBe('ok');
    expect(await land()).toMatchObject({ secretHash: record.secretHash, generation: 0, userId: 'ada' });
  });

  it('I2 C-1 revocable is false: the later write brings the session back that had ended', async () => {
    const { land, other, record } = await givenSlowWrite();
    expect(await other.delete(record.id)).toBe(true);
    expect(await other.read(record.id, record.createdAt)).toBeUndefined();
    expect(await land()).toMatchObject({ id: record.id });
  });
});

describe('what was read before', () => {
  it('I2 C-2 is written by nobody later than a round trip: a session that has ended stays so', async () => {
    const engine = new (createMemoryStore(session))({});
    const [one, other] = [new ExpressSessionStore(engine), new ExpressSessionStore(engine)];
    const { createdAt: now, expiresAt, id, ...record } = await newStored(one);
    expect(await one.read(id, now)).toBeDefined();
    expect(await other.delete(id)).toBe(true);
    expect(await one.update(id, field('late'), now)).toBe('gone');
    expect(await one.touch(id, expiresAt + 1, now, { generation: record.generation })).toBe('gone');
    expect(await other.read(id, now)).toBeUndefined();
  });
});

describe('a write that loses its callback', () => {
  it('F-26 does not keep other sessions waiting, nor who reads its own', async () => {
    const engine = new (createMemoryStore(session))({});
    const store = new ExpressSessionStore({
      get: (sid, callback) => engine.get(sid, callback),
      set: (sid, data, callback) =>
        JSON.stringify(data).includes('lost') ? undefined : engine.set(sid, data as session.SessionData, callback),
      destroy: (sid, callback) => engine.destroy(sid, callback),
    });
    const [record, another] = [await newStored(store), newRecord()];
    void store.update(record.id, field('lost'), record.createdAt);
    expect(await store.read(record.id, record.createdAt)).toBeDefined();
    expect(await store.create(another)).toBe(true);
  });
});
