import { inspect } from 'node:util';
import { InvalidFieldNameError } from 'nest-sessions';
import { act, type AnySession, seenBy, visitor } from '../support/actions.js';
import { describeOnStores } from '../support/suite.js';
import { counts } from '../support/use-app.js';

const ODD_KEYS = [
  '__proto__',
  'constructor',
  'prototype',
  'hasOwnProperty',
  'toString',
  'then',
  'save',
  'toJSON',
  'id',
  'destroy',
  'cookie',
  '',
  ' ',
  '0',
  'a.b',
  '$1',
  '"\\',
  "'; DROP TABLE sessions; --",
  '%s',
  'ä😀\u2028',
  'k'.repeat(2_000),
];

describeOnStores('field names', {}, (app) => {
  it('B-55 C-30 C-31 of every kind are data and change nothing', async () => {
    const data = ODD_KEYS.map((key, index) => [key, { index }] as const);
    const client = app.client();
    const { result } = await act(client, (session) => {
      for (const [key, value] of data) session.set(key, value);
      return session.id;
    });
    const seen = await act(client, (session) => ({
      id: session.id,
      entries: session.entries(),
      got: ODD_KEYS.map((key) => session.get(key) as unknown),
      all: ODD_KEYS.every((key) => session.has(key)),
    }));
    expect(seen.result.id).toBe(result);
    expect(new Map(seen.result.entries)).toEqual(new Map(data));
    expect(seen.result.got).toEqual(data.map(([, value]) => value));
    expect(seen.result.all).toBe(true);
    expect(({} as Record<string, unknown>)['index']).toBeUndefined();
  });

  it.each(ODD_KEYS)('B-55 %j can be changed, updated and deleted', async (key) => {
    const client = await visitor(app, {});
    await act(client, (session) => session.set('beside', 1).set(key, { count: 1 }));
    await act(client, (session) => session.get(key).count++);
    await act(client, (session) => session.update(key, ({ count }) => ({ count: count + 1 })));
    expect((await act(client, (session) => session.get(key) as unknown)).result).toEqual({ count: 3 });
    expect((await act(client, (session) => session.delete(key))).result).toBe(true);
    expect((await act(client, (session) => session.keys())).result).toEqual(['beside']);
  });

  const BAD_NAMES: [string, unknown][] = [
    ['with NUL', 'a\0b'],
    ['with a lone surrogate', 'a\ud800b'],
    ['that is a number', 42],
    ['that is null', null],
    ['that is missing', undefined],
    ['that is an object', {}],
    ['that is a symbol', Symbol('s')],
  ];

  it.each(BAD_NAMES)('B-55 one %s is refused at once', async (_what, name) => {
    const client = await visitor(app);
    const { result, ...answer } = await act(client, (session) => {
      expect(() => session.set(name as string, 1)).toThrow(InvalidFieldNameError);
      return session.keys();
    });
    expect(answer).toMatchObject({ status: 200, cookies: [] });
    expect(result).toEqual(['cart']);
  });

  it.each(BAD_NAMES)('B-55 one %s is refused by update() before it reaches the store', async (_what, name) => {
    const client = await visitor(app);
    app.calls.reset();
    const { result } = await act(client, (session) =>
      session.update(name as string, () => 1).catch((error: unknown) => error),
    );
    expect(result).toBeInstanceOf(InvalidFieldNameError);
    expect(app.calls.calls).toEqual(counts({ read: 1 }));
  });
});

describeOnStores('the session object', {}, (app) => {
  it('DESIGN 4 takes no properties: what is assigned is not lost but refused', async () => {
    const client = await visitor(app);
    await act(client, (session) => {
      const loose = session as AnySession & { visits?: number };
      expect(() => (loose.visits = 1)).toThrow(TypeError);
      expect(() => Object.defineProperty(loose, 'visits', { value: 1 })).toThrow(TypeError);
      expect(() => Object.setPrototypeOf(loose, {})).toThrow(TypeError);
    });
    expect((await seenBy(client)).data).toEqual({ cart: ['tea'] });
  });

  it('I-20 shows neither token nor values to JSON, inspect, spread or Object.keys', async () => {
    const client = await visitor(app, { password: 'hunter2' });
    const { result } = await act(client, (session) =>
      [
        JSON.stringify(session),
        inspect(session, { showHidden: true, depth: Infinity }),
        inspect({ ...session }),
        String(Object.keys(session)),
      ].join(),
    );
    expect(result).not.toContain('hunter2');
    expect(result).not.toContain(client.jar.get('sid')!.slice(24));
  });

  it('has an id that is the same before and after it is stored', async () => {
    const client = app.client();
    const { result } = await act(client, async (session) => {
      const before = [session.id, session.id];
      await session.set('cart', []).save();
      return [...before, session.id, session.isNew];
    });
    const { id } = await seenBy(client);
    expect(result).toEqual([id, id, id, false]);
    expect((await act(app.client(), (session) => [session.isNew, session.set('a', 1).isNew])).result).toEqual([
      true,
      true,
    ]);
  });

  it('reload() forgets what was changed, and sees what others saved', async () => {
    const client = await visitor(app, { cart: ['tea'], colour: 'red' });
    const { result } = await act(client, async (session) => {
      session.get('cart').push('forgotten');
      session.set('size', 'XL').delete('colour');
      session.flash('notice', 'forgotten');
      await act(client.copy(), (other) => other.set('colour', 'blue'));
      await session.reload();
      return [session.entries(), session.flashes('notice')];
    });
    expect(new Map(result[0] as [string, unknown][])).toEqual(
      new Map(Object.entries({ cart: ['tea'], colour: 'blue' })),
    );
    expect(result[1]).toEqual([]);
    expect((await seenBy(client)).data).toEqual({ cart: ['tea'], colour: 'blue' });
  });

  it('C-36 reload() leaves a session that works', async () => {
    const client = await visitor(app);
    await act(client, async (session) => {
      await session.reload();
      session.set('cart', ['milk']);
    });
    expect((await seenBy(client)).data).toEqual({ cart: ['milk'] });
  });

  it('reload() of one that is not stored costs nothing, and of one that has ended finds nothing', async () => {
    await act(app.client(), (session) => session.reload());
    expect(app.calls.total).toBe(0);
    const client = await visitor(app);
    const { result } = await act(client, async (session) => {
      await act(client.copy(), (other) => other.destroy());
      await session.reload();
      return [session.isNew, session.entries(), session.userId];
    });
    expect(result).toEqual([true, [], undefined]);
  });

  it('B-57 ignores what a newer version of the library may have noted, and keeps it', async () => {
    const client = await visitor(app);
    const { id } = await seenBy(client);
    const meta = new Map([['from-the-future', '{"x":1}']]);
    await app.store.update(id, { meta, expect: {} }, app.clock.now());
    await act(client, (session) => session.set('count', 1));
    expect((await seenBy(client)).data).toEqual({ cart: ['tea'], count: 1 });
    expect((await app.store.read(id, app.clock.now()))?.meta.get('from-the-future')).toBe('{"x":1}');
  });
});
