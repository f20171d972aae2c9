import { randomBytes } from 'node:crypto';
import { decode, encode } from '../../core/codec.js';
import { SessionConfigError } from '../../core/errors.js';
import type { SessionRecord } from '../../core/record.js';
import { isPingable, isSweepable, isUserIndex, type SessionStore } from '../../core/store.js';
import { assertStored, newRecord, newStored, newUser } from '../../testing/contract/theme.js';
import { FaultySessionStore } from '../../testing/faulty.store.js';
import { MemorySessionStore } from '../memory/memory.store.js';
import { encrypted } from './encrypted.store.js';

const [FIRST, SECOND] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')];
const CART = new Map([['cart', encode(['green tea'], 'cart')]]);

async function given(keys: string | string[] = FIRST) {
  const inner = new MemorySessionStore();
  const store = encrypted(inner, keys);
  const meta = new Map([['label', 'Firefox on Linux']]);
  const record = await newStored(store, { userId: newUser(), fields: CART, meta });
  const { createdAt: now, id } = record;
  const stored = async (): Promise<SessionRecord> => (await inner.read(id, now))!;
  return { id, inner, now, record, store, stored };
}

/** What the core makes of a field: it is corrupt if this throws. */
const valueOf = (record: SessionRecord | undefined, name: string) => decode(record!.fields.get(name)!);

describe('what an encrypted session is at rest', () => {
  it('R-49 shows no value of a field or meta text, and whose it is', async () => {
    const { record, stored } = await given();
    const { fields, meta, userId } = await stored();
    for (const text of [...fields.values(), ...meta.values()]) {
      expect(text).toMatch(/^s1\.[\w-]{8}\.[\w-]{38,}$/);
      expect(Buffer.from(text.split('.')[2]!, 'base64url').toString('latin1')).not.toMatch(/tea|Firefox/);
    }
    expect([...fields.keys(), ...meta.keys(), userId]).toEqual(['cart', 'label', record.userId]);
  });

  it('R-49 does not show which values are the same', async () => {
    const { id, now, store, stored } = await given();
    const seen = new Set([(await stored()).fields.get('cart')]);
    for (let round = 0; round < 5; round++) {
      await store.update(id, { fields: CART, expect: {} }, now);
      seen.add((await stored()).fields.get('cart'));
    }
    expect(seen.size).toBe(6);
  });
});

describe('an encrypted text that was tampered with', () => {
  /** Puts a text in the place of the cart. */
  async function withCart(
    textOf: (stored: SessionRecord, inner: SessionStore, store: SessionStore) => Promise<string> | string,
  ) {
    const subject = await given();
    const { id, inner, now, store, stored } = subject;
    const text = await textOf(await stored(), inner, store);
    await inner.update(id, { fields: new Map([['cart', text]]), expect: {} }, now);
    return subject;
  }

  const FORGERIES: Record<
    string,
    (stored: SessionRecord, inner: SessionStore, store: SessionStore) => Promise<string> | string
  > = {
    'a bit of it': ({ fields }) => fields.get('cart')!.replace(/.(?=.{8}$)/, (letter) => (letter === 'A' ? 'B' : 'A')),
    'its end': ({ fields }) => fields.get('cart')!.slice(0, -4),
    'nothing of it': () => '',
    'the value in the clear': () => '["green tea"]',
    'another version': ({ fields }) => fields.get('cart')!.replace('s1.', 's2.'),
    'an unknown key': ({ fields }) => fields.get('cart')!.replace(/^s1\.[\w-]+/, 's1.AAAAAAAA'),
    'a head alone': ({ fields }) => fields.get('cart')!.split('.').slice(0, 2).join('.'),
    'a meta text of the same session': ({ meta }) => meta.get('label')!,
    'another field of the same session': async ({ createdAt, id }, inner, store) => {
      await store.update(id, { fields: new Map([['other', '["green tea"]']]), expect: {} }, createdAt);
      return (await inner.read(id, createdAt))!.fields.get('other')!;
    },
    'the same field of another session': async (_stored, inner, store) => {
      const { createdAt, id } = await newStored(store, { fields: CART });
      return (await inner.read(id, createdAt))!.fields.get('cart')!;
    },
    'a meta text of that name': async ({ createdAt, id }, inner, store) => {
      await store.update(id, { meta: CART, expect: {} }, createdAt);
      return (await inner.read(id, createdAt))!.meta.get('cart')!;
    },
  };

  it.each(Object.entries(FORGERIES))('R-49 C-38 is corrupt, and the session lives: %s', async (_name, textOf) => {
    const { id, now, store } = await withCart(textOf);
    const record = await store.read(id, now);
    expect(() => valueOf(record, 'cart')).toThrow(SyntaxError);
    expect(() => valueOf(record, 'cart')).not.toThrow(/tea|s1/);
    expect(record!.meta.get('label')).toBe('Firefox on Linux');
  });

  it('C-38 is left as it is by who writes something else, and replaced by who writes it', async () => {
    const { id, now, store, stored } = await withCart(() => 's1.nonsense');
    await store.update(id, { fields: new Map([['colour', '"red"']]), expect: {} }, now);
    expect((await stored()).fields.get('cart')).toBe('s1.nonsense');
    // As session.update() does: it expects the text that it read.
    const expected = new Map([['cart', (await store.read(id, now))!.fields.get('cart')!]]);
    expect(await store.update(id, { fields: CART, expect: { fields: expected } }, now)).toBe('ok');
    expect(valueOf(await store.read(id, now), 'cart')).toEqual(['green tea']);
  });
});

describe('keys', () => {
  const at = (inner: SessionStore, keys: string | string[]) => encrypted(inner, keys);

  it('R-47 all open, the first seals, and what is written is sealed with the first', async () => {
    const { id, inner, now, record, stored } = await given(FIRST);
    const before = (await stored()).fields.get('cart')!;
    const both = at(inner, [SECOND, FIRST]);
    await assertStored(both, record);
    const change = { fields: new Map([['colour', '"red"']]), expect: { fields: CART } };
    expect(await both.update(id, change, now)).toBe('ok');
    expect((await stored()).fields.get('cart')).toBe(before);
    expect(await both.update(id, { fields: CART, expect: { fields: CART } }, now)).toBe('ok');
    const alone = await at(inner, SECOND).read(id, now);
    expect(valueOf(alone, 'cart')).toEqual(['green tea']);
    expect(valueOf(alone, 'colour')).toBe('red');
  });

  it('R-47 an expectation holds, or does not, whichever key the field is sealed with', async () => {
    const { id, inner, now } = await given(FIRST);
    const both = at(inner, [SECOND, FIRST]);
    const wrong = { fields: new Map([['cart', '["coffee"]']]) };
    expect(await both.touch(id, now + 1, now, wrong)).toBe('conflict');
    expect(await both.touch(id, now + 1, now, { fields: CART })).toBe('ok');
    expect(await both.delete(id, wrong)).toBe(false);
    expect(await both.delete(id, { fields: CART })).toBe(true);
  });

  it('C-38 when they are lost fields are corrupt, what the core knows of the session is absent, and it lives', async () => {
    const { id, inner, now, record } = await given(FIRST);
    const found = await at(inner, SECOND).read(id, now);
    expect(() => valueOf(found, 'cart')).toThrow(SyntaxError);
    expect(found).toMatchObject({ secretHash: record.secretHash, userId: record.userId, meta: new Map() });
    await assertStored(at(inner, FIRST), record);
  });

  it.each([
    [undefined, 'encrypted(): keys is a'],
    ['short', 'a string of 5 bytes'],
    [[], 'an empty list'],
    [[FIRST, 'short'], 'keys[1] is a string of 5 bytes'],
    ['a'.repeat(64), 'made of a few repeated characters'],
  ])('R-48 that are none are told at once: %p', (keys, said) => {
    const make = () => encrypted(new MemorySessionStore(), keys as string[]);
    expect(make).toThrow(SessionConfigError);
    expect(make).toThrow(said);
    expect(make).not.toThrow(FIRST);
  });
});

describe('what a field is expected to be', () => {
  it('B-29 I7 is compared and written in one step: a write in between is noticed', async () => {
    const { id, inner, now } = await given();
    const faults = new FaultySessionStore(inner);
    const store = encrypted(faults.store, FIRST);
    const { reached, release } = faults.hold('update');
    const fields = new Map([['cart', '["coffee"]']]);
    const late = store.update(id, { fields, expect: { fields: CART } }, now);
    await reached;
    await encrypted(inner, FIRST).update(id, { fields: new Map([['cart', '["milk"]']]), expect: {} }, now);
    release();
    expect(await late).toBe('conflict');
    expect(valueOf(await store.read(id, now), 'cart')).toEqual(['milk']);
  });

  it('B-29 still holds when the same value was written anew in between', async () => {
    const { id, inner, now } = await given();
    const faults = new FaultySessionStore(inner);
    const { reached, release } = faults.hold('update');
    const fields = new Map([['cart', '["coffee"]']]);
    const late = encrypted(faults.store, FIRST).update(id, { fields, expect: { fields: CART } }, now);
    await reached;
    await encrypted(inner, FIRST).update(id, { fields: CART, expect: {} }, now);
    release();
    expect(await late).toBe('ok');
    expect(faults.calls).toMatchObject({ read: 2, update: 2 });
  });

  it('costs a read, and nothing where nothing is expected of fields', async () => {
    const faults = new FaultySessionStore(new MemorySessionStore());
    const store = encrypted(faults.store, FIRST);
    const { createdAt: now, generation, id } = await newStored(store, { fields: CART });
    faults.reset();
    await store.update(id, { fields: CART, expect: { generation } }, now);
    await store.touch(id, now + 1, now, { generation });
    expect(faults.calls.read).toBe(0);
    await store.update(id, { fields: CART, expect: { generation, fields: CART } }, now);
    expect(faults.calls.read).toBe(1);
  });
});

describe('what a wrapped store can do', () => {
  it('it can do through the wrapper, and no more', () => {
    const bare = (({ create, delete: end, guarantees, read, touch, update }) => ({
      create,
      read,
      update,
      touch,
      delete: end,
      guarantees: { ...guarantees, listable: false },
    }))(new MemorySessionStore() as SessionStore);
    const all = Object.assign(new MemorySessionStore(), { ping: async () => {} });
    for (const [inner, has] of [
      [bare, false],
      [all, true],
    ] as const) {
      const store = encrypted(inner, FIRST);
      expect([isUserIndex(store), isSweepable(store), isPingable(store)]).toEqual([has, has, has]);
      expect(store.guarantees).toEqual(inner.guarantees);
    }
  });

  it.each([undefined, null, 'memory', MemorySessionStore, {}])('%p is told not to be a store', (inner) => {
    const make = () => encrypted(inner as unknown as SessionStore, FIRST);
    expect(make).toThrow(SessionConfigError);
    expect(make).toThrow('The first argument of encrypted() is');
  });

  it('I20 an id of the session or a value is in no error of a store that fails', async () => {
    const faults = new FaultySessionStore(new MemorySessionStore());
    const store = encrypted(faults.store, FIRST);
    faults.fault = () => {
      throw new Error('down');
    };
    await expect(store.create(newRecord({ fields: CART }))).rejects.toThrow(/^down$/);
  });
});
