import { jest } from '@jest/globals';
import session from 'express-session';
import createMemoryStore from 'memorystore';
import { MemorySessionStore, type SessionStore, UnsupportedBySessionStoreError } from 'nest-sessions';
import { ExpressSessionStore } from 'nest-sessions/express';
import { encrypted, migrating, tiered } from 'nest-sessions/wrappers';
import { act, ActionController, begin, seenBy, user, visitor } from '../support/actions.js';
import { startApp, type TestApp } from '../support/app.js';
import { at } from '../support/suite.js';
import { useApp } from '../support/use-app.js';

const [KEY, OTHER_KEY] = ['first key, 32 bytes or more: Zq8/b1x', 'other key, 32 bytes or more: wP3+k9d'];

const newMemory = () => new MemorySessionStore();
const newExpress = () => new ExpressSessionStore(new (createMemoryStore(session))({}));

const STORES: Record<string, () => SessionStore> = {
  'encrypted()': () => encrypted(newMemory(), KEY),
  'tiered()': () => tiered(newMemory(), newMemory()),
  'migrating()': () => migrating(newMemory(), newMemory()),
  'all three and an express-session store': () =>
    tiered(newMemory(), migrating(encrypted(newMemory(), KEY), newExpress())),
  ExpressSessionStore: newExpress,
};

let warnings: jest.SpiedFunction<typeof process.emitWarning>;

beforeAll(() => {
  warnings = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
});

afterAll(() => warnings.mockRestore());

describe.each(Object.entries(STORES))('an application on %s', (_name, open) => {
  const app = useApp(async () => ({ store: open(), close: async () => {} }), { controllers: [ActionController] });

  it('B-29 fifty requests that each count one count to fifty', async () => {
    const client = await visitor(app, { cart: ['tea'] });
    const counting = () => act(client, (own) => own.update('count', (count = 0) => Number(count) + 1));
    const answers = await Promise.all(Array.from({ length: 50 }, counting));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect((await seenBy(client)).data).toEqual({ cart: ['tea'], count: 50 });
  });

  it('B-27 two requests that change different fields both win', async () => {
    const client = await visitor(app);
    const slow = await begin(client, (own) => own.set('size', 'XL'));
    await act(client, (own) => own.set('colour', 'red'));
    expect((await slow.finish()).status).toBe(200);
    expect((await seenBy(client)).data).toEqual({ cart: ['tea'], colour: 'red', size: 'XL' });
  });

  it('C-1 I2 a slow request does not undo a logout', async () => {
    const client = await user(app, 'ada');
    const { id } = await seenBy(client);
    const slow = await begin(client, (own) => own.set('late', true));
    await act(client, (own) => own.logout());
    expect((await slow.finish()).status).toBe(409);
    expect(await app.calls.store.read(id, app.clock.now())).toBeUndefined();
  });

  it('C-7 a login keeps the data, and the token from before it opens nothing', async () => {
    const client = await visitor(app);
    const before = at(app, client);
    await act(client, (own) => own.login('ada'));
    expect(await seenBy(client)).toMatchObject({ data: { cart: ['tea'] }, userId: 'ada' });
    expect((await seenBy(before)).data).toEqual({});
  });

  it('messages are read once', async () => {
    const client = await visitor(app);
    await act(client, (own) => own.flash('note', 'saved'));
    const read = () => act(client, (own) => own.flashes('note'));
    expect([(await read()).result, (await read()).result]).toEqual([['saved'], []]);
  });
});

/** The same sessions in an application that was started with another store. */
async function afterDeploy<T>(app: TestApp, store: SessionStore, work: (next: TestApp) => Promise<T>): Promise<T> {
  const next = await startApp({ controllers: [ActionController], store, clock: app.clock });
  try {
    return await work(next);
  } finally {
    await next.close();
  }
}

describe('a deploy', () => {
  const inner = newMemory();
  const app = useApp(async () => ({ store: encrypted(inner, KEY), close: async () => {} }), {
    controllers: [ActionController],
  });

  it('C-38 that lost the key ends no session: its fields are corrupt, and can be set anew', async () => {
    const client = await user(app, 'ada');
    await act(client, (own) => own.set('cart', ['tea']));
    await afterDeploy(app, encrypted(inner, OTHER_KEY), async (next) => {
      const answer = await act(at(next, client), (own) => [own.userId, own.get('cart') as unknown]);
      expect(answer).toMatchObject({ status: 200, result: ['ada', undefined] });
      expect(next.events).toEqual([expect.objectContaining({ type: 'corrupt', reason: 'cart' })]);
      expect(String(next.events[0]!.error)).not.toContain('tea');
      await act(at(next, client), (own) => own.update('cart', (cart = []) => [...cart, 'milk']));
      expect((await seenBy(at(next, client))).data).toEqual({ cart: ['milk'] });
    });
  });

  it('R-47 with a new key in front changes nothing for anybody', async () => {
    const client = await user(app, 'ada');
    await act(client, (own) => own.set('cart', ['tea']));
    await afterDeploy(app, encrypted(inner, [OTHER_KEY, KEY]), async (next) => {
      await act(at(next, client), (own) => own.update('cart', (cart = []) => [...cart, 'milk']));
      expect(await seenBy(at(next, client))).toMatchObject({ data: { cart: ['tea', 'milk'] }, userId: 'ada' });
    });
  });

  it('that moves to another store keeps everybody logged in, and revokes all', async () => {
    const [one, two] = [await user(app, 'grace'), await user(app, 'grace')];
    const to = newMemory();
    await afterDeploy(app, migrating(to, encrypted(inner, KEY)), async (next) => {
      expect(await seenBy(at(next, one))).toMatchObject({ userId: 'grace' });
      expect(to.size).toBe(1);
      expect(await next.service.revokeAll('grace')).toBe(2);
      for (const client of [one, two]) expect((await seenBy(at(next, client))).userId).toBeUndefined();
    });
  });
});

describe('a copy in the cache that is older than the session', () => {
  it('I7 B-29 an update that is refused for it looks at the store, and succeeds', async () => {
    const main = newMemory();
    const app = await startApp({ controllers: [ActionController], store: tiered(newMemory(), main) });
    const client = await visitor(app, { count: 1 });
    const { id } = await seenBy(client);
    // By a process whose cache fails.
    await main.update(id, { fields: new Map([['count', '10']]), expect: {} }, app.clock.now());
    const { result } = await act(client, (own) => own.update('count', (count) => Number(count) + 1));
    expect(result).toBe(11);
    await app.close();
  });
});

describe('what a store does not guarantee', () => {
  it('is said at start-up, and what it cannot do at all when it is asked to', async () => {
    warnings.mockClear();
    const app = await startApp({ controllers: [ActionController], store: newExpress() });
    expect(warnings.mock.calls).toEqual([
      [
        expect.stringMatching(/^ExpressSessionStore does not guarantee .*atomicUpdate.*oneLiveToken.*revocable/),
        { type: 'SessionStoreWarning', code: 'NEST_SESSIONS_WEAK_STORE' },
      ],
    ]);
    await expect(app.service.revokeAll('ada')).rejects.toThrow(UnsupportedBySessionStoreError);
    await app.close();
  });
});
