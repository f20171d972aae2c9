import { InternalServerErrorException } from '@nestjs/common';
import { act, type AnySession, begin, NOBODY, seenBy, user, visitor } from '../support/actions.js';
import { describeOnStores } from '../support/suite.js';
import { counts } from '../support/use-app.js';

const DAY = 24 * 60 * 60_000;

const login = (userId: string) => (session: AnySession) => session.login(userId);

describeOnStores('login', {}, (app) => {
  it('R-9 B-41 keeps id and data of the anonymous session, under a new token', async () => {
    const client = await visitor(app);
    const before = await seenBy(client);
    const old = client.cookieHeader;
    app.clock.advance(5_000);
    app.calls.reset();
    const answer = await act(client, (session) => {
      session.login('ada');
      return session.userId;
    });
    expect(answer.result).toBe('ada');
    expect(answer.cookies).toHaveLength(1);
    expect(client.cookieHeader).not.toBe(old);
    expect(app.calls.calls).toEqual(counts({ read: 1, update: 1 }));
    expect(await seenBy(client)).toEqual({ ...before, userId: 'ada' });
  });

  it('R-12 counts the total life from the login', async () => {
    const client = await visitor(app);
    app.clock.advance(20 * 60_000);
    await act(client, login('ada'));
    const { result } = await act(client, ({ id, createdAt, authenticatedAt, expiresAt }) => ({
      id,
      age: app.clock.now() - createdAt!,
      sinceLogin: app.clock.now() - authenticatedAt!,
      left: expiresAt! - app.clock.now(),
    }));
    expect(result).toMatchObject({ age: 20 * 60_000, sinceLogin: 0, left: 30 * 60_000 });
    const record = await app.store.read(result.id, app.clock.now());
    expect(record!.absoluteExpiresAt - app.clock.now()).toBe(DAY / 2);
  });

  it('C-7 leaves nothing to a token that was planted, now and later', async () => {
    const attacker = await visitor(app, { cart: ['bait'] });
    const victim = attacker.copy();
    await act(victim, (session) => {
      session.login('ada');
      session.set('address', '1 Secret Street');
    });
    expect(await seenBy(attacker)).toEqual(NOBODY);
    expect(await act(attacker, (session) => session.set('cart', ['poison']))).toMatchObject({
      status: 409,
      cookies: [],
    });
    app.clock.advance(60_000);
    expect(await seenBy(attacker)).toEqual(NOBODY);
    expect((await seenBy(victim)).data).toEqual({ cart: ['bait'], address: '1 Secret Street' });
  });

  it('of a stranger creates a session that is logged in from the start', async () => {
    const client = app.client();
    const answer = await act(client, login('ada'));
    expect(answer.cookies).toHaveLength(1);
    expect(app.calls.calls).toEqual(counts({ create: 1 }));
    expect(await seenBy(client)).toMatchObject({ isNew: false, userId: 'ada', data: {} });
  });

  it('I-10 sends no byte before the store has acknowledged it', async () => {
    const client = await visitor(app);
    const held = app.calls.hold('update');
    let answered = false;
    const answer = act(client, login('ada')).finally(() => (answered = true));
    await held.reached;
    expect(answered).toBe(false);
    held.release();
    expect((await answer).cookies).toHaveLength(1);
  });

  const LATECOMERS: [string, (session: AnySession) => unknown][] = [
    ['set', (session) => void session.set('cart', ['poison'])],
    ['clear', (session) => session.clear()],
    ['flash', (session) => session.flash('notice', 'poison')],
    ['update', (session) => session.update('cart', () => ['poison'])],
    ['regenerate', (session) => session.regenerate()],
  ];

  it.each(LATECOMERS)(
    'I-13 a request of before it cannot write into the session after it: %s',
    async (_name, write) => {
      const client = await visitor(app);
      const slow = await begin(client.copy(), write);
      await act(client, login('ada'));
      app.events.length = 0;
      expect(await slow.finish()).toMatchObject({ status: 409, cookies: [] });
      expect(app.events).toEqual([expect.objectContaining({ type: 'conflict', reason: 'changed' })]);
      expect(await seenBy(client)).toMatchObject({ userId: 'ada', data: { cart: ['tea'] } });
      expect((await act(client, (session) => session.flashes('notice'))).result).toEqual([]);
    },
  );

  it('I-13 a request of before it reads nothing of the session after it', async () => {
    const client = await visitor(app);
    const slow = await begin(client.copy(), async (session) => {
      const loaded = session.get('secret') as unknown;
      await session.reload();
      return { loaded, reloaded: session.entries(), userId: session.userId };
    });
    await act(client, (session) => session.set('secret', 42).login('ada'));
    const answer = await slow.finish();
    expect(answer).toMatchObject({ status: 200, cookies: [] });
    expect(answer.result).toEqual({ loaded: undefined, reloaded: [], userId: undefined });
  });

  it('I-13 a request of before it that reloads does not replace the cookie of the session after it', async () => {
    const client = await visitor(app);
    const slow = await begin(client.copy(), async (session) => {
      await session.reload();
      session.set('late', 1);
    });
    await act(client, login('ada'));
    expect(await slow.finish()).toMatchObject({ status: 409, cookies: [] });
  });

  it("B-41 of another user ends the first one's session and takes nothing over", async () => {
    const client = await user(app, 'ada');
    await act(client, (session) => session.set('cart', ['tea']));
    const before = await seenBy(client);
    const thief = client.copy();
    app.events.length = 0;
    const answer = await act(client, (session) => {
      session.set('dropped', 1);
      session.login('bob');
      session.set('kept', 1);
    });
    expect(answer.cookies).toHaveLength(1);
    const after = await seenBy(client);
    expect(after).toMatchObject({ userId: 'bob', data: { kept: 1 } });
    expect(after.id).not.toBe(before.id);
    expect(await seenBy(thief)).toEqual(NOBODY);
    expect(await app.service.list('ada')).toEqual([]);
    expect(app.events).toContainEqual(
      expect.objectContaining({ type: 'ended', id: before.id, userId: 'ada', reason: 'another-user' }),
    );
  });

  it("B-41 of one user and then another in the same request is the second one's, with an empty session", async () => {
    const client = await visitor(app);
    await act(client, (session) => {
      session.login('ada');
      session.login('bob');
    });
    expect(await seenBy(client)).toMatchObject({ userId: 'bob', data: {} });
    expect(await app.service.list('ada')).toEqual([]);
  });

  it('B-41 of the same user twice, in one request and in two, is one session', async () => {
    const client = await visitor(app);
    await act(client, (session) => {
      session.login('ada');
      session.login('ada');
    });
    const before = await seenBy(client);
    const { cookies } = await act(client, login('ada'));
    expect(cookies).toHaveLength(1);
    expect(await seenBy(client)).toEqual(before);
    expect(await app.service.list('ada')).toHaveLength(1);
  });

  it('in parallel never fails: who comes second starts a session of its own from what it had loaded', async () => {
    const client = await visitor(app);
    const tabs = await Promise.all(Array.from({ length: 4 }, () => begin(client.copy(), login('ada'))));
    const answers = await Promise.all(tabs.map((tab) => tab.finish()));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const seen = await Promise.all(
      answers.map(({ cookies }) => {
        const tab = app.client();
        tab.jar.set('sid', cookies[0]!.slice('sid='.length).split(';')[0]!);
        return seenBy(tab);
      }),
    );
    expect(seen).toEqual(
      Array.from({ length: 4 }, () => expect.objectContaining({ userId: 'ada', data: { cart: ['tea'] } })),
    );
    expect(new Set(seen.map(({ id }) => id)).size).toBe(4);
  });

  it('I-13 in parallel of two users shares nothing but what both had loaded', async () => {
    const client = await visitor(app);
    const bob = client.copy();
    const slow = await begin(bob, login('bob'));
    await act(client, (session) => session.set('address', '1 Secret Street').login('ada'));
    expect((await slow.finish()).status).toBe(200);
    expect(await seenBy(bob)).toMatchObject({ userId: 'bob', data: { cart: ['tea'] } });
    expect(await seenBy(client)).toMatchObject({ userId: 'ada' });
  });

  it('in parallel keeps the messages that are waiting to be read', async () => {
    const client = app.client();
    await act(client, (session) => session.flash('notice', 'Welcome'));
    const slow = client.copy();
    const second = await begin(slow, login('ada'));
    await act(client, login('ada'));
    await second.finish();
    expect((await act(slow, (session) => session.flashes('notice'))).result).toEqual(['Welcome']);
  });

  it('of a session that ended meanwhile brings nothing back but what this request wrote', async () => {
    const client = await visitor(app);
    const other = client.copy();
    const { id } = await seenBy(client);
    const slow = await begin(client, (session) => session.set('returnTo', '/orders').login('ada'));
    await act(other, (session) => session.logout());
    expect((await slow.finish()).status).toBe(200);
    const seen = await seenBy(client);
    expect(seen).toMatchObject({ userId: 'ada', data: { returnTo: '/orders' } });
    expect(seen.id).not.toBe(id);
  });

  it('DESIGN 2.4 is dropped by a 500', async () => {
    const client = await visitor(app);
    const answer = await act(client, (session) => {
      session.login('ada');
      throw new InternalServerErrorException();
    });
    expect(answer).toMatchObject({ status: 500, cookies: [] });
    expect(await seenBy(client)).toMatchObject({ userId: undefined, data: { cart: ['tea'] } });
  });

  it('DESIGN 2.4 that is stored already sends its cookie with a 500', async () => {
    const client = await visitor(app);
    const answer = await act(client, async (session) => {
      session.login('ada');
      await session.save();
      throw new InternalServerErrorException();
    });
    expect(answer.status).toBe(500);
    expect(answer.cookies).toHaveLength(1);
    expect(await seenBy(client)).toMatchObject({ userId: 'ada' });
  });

  it.each(['update', 'create'] as const)(
    'I-11 I-21 that fails in the store (%s) is a 503 without a cookie',
    async (verb) => {
      const client = verb === 'update' ? await visitor(app) : app.client();
      app.calls.fault = (called) => {
        if (called === verb) throw new Error('down');
      };
      const answer = await act(client, login('ada'));
      app.calls.reset();
      expect(answer).toMatchObject({ status: 503, cookies: [] });
      expect((await seenBy(client)).userId).toBeUndefined();
      expect(await app.service.list('ada')).toEqual([]);
    },
  );

  it.each(['create', 'update'] as const)('that is staged while a save (%s) is under way is not lost', async (verb) => {
    const client = verb === 'create' ? app.client() : await visitor(app);
    const held = app.calls.hold(verb);
    await act(client, async (session) => {
      const saving = session.set('returnTo', '/orders').save();
      await held.reached;
      session.login('ada');
      held.release();
      await saving;
    });
    expect((await seenBy(client)).userId).toBe('ada');
  });

  it('R-37 to be remembered outlives the browser, under limits of its own', async () => {
    const client = app.client();
    const [line] = (await act(client, (session) => session.login('ada', { remember: true }))).cookies;
    expect(line).toContain(`; Max-Age=${(90 * DAY) / 1_000};`);
    app.clock.advance(29 * DAY);
    expect((await seenBy(client)).userId).toBe('ada');
    app.clock.advance(30 * DAY);
    expect((await seenBy(client)).userId).toBeUndefined();
  });

  it('R-37 not to be remembered sends a cookie for as long as the browser runs, after one that was too', async () => {
    const client = app.client();
    const [ordinary] = (await act(client, login('ada'))).cookies;
    const [remembered] = (await act(client, (session) => session.login('ada', { remember: true }))).cookies;
    const [regenerated] = (await act(client, (session) => session.regenerate())).cookies;
    const [again] = (await act(client, login('ada'))).cookies;
    expect([ordinary, remembered, regenerated, again].map((line) => /Max-Age/.test(line!))).toEqual([
      false,
      true,
      true,
      false,
    ]);
    app.clock.advance(30 * 60_000);
    expect((await seenBy(client)).userId).toBeUndefined();
  });

  it.each([
    ['an empty text', ''],
    ['256 characters', 'x'.repeat(256)],
    ['a number', 42],
    ['null', null],
    ['undefined', undefined],
    ['an object', { id: 'ada' }],
    ['NUL', 'a\0b'],
    ['a lone surrogate', 'a\ud800'],
  ])('with %s for a user id throws a TypeError and stages nothing', async (_what, userId) => {
    const client = await visitor(app);
    const { result, ...answer } = await act(client, (session) => {
      expect(() => session.login(userId as string)).toThrow(TypeError);
      expect(() => session.login(userId as string)).toThrow(/session\.login\(\) needs the user's id/);
      return session.userId;
    });
    expect(answer).toMatchObject({ status: 200, cookies: [] });
    expect(result).toBeUndefined();
  });

  it.each(['x', 'x'.repeat(255), "O'Brien; --", '__proto__', '😀', '⛄'.repeat(255)])(
    'takes %j for a user id',
    async (userId) => {
      const client = await user(app, userId);
      expect((await seenBy(client)).userId).toBe(userId);
      expect(await app.service.list(userId)).toHaveLength(1);
    },
  );

  it.each([
    ['text', 'Firefox on Linux', 'Firefox on Linux'],
    ['more than 200 characters', 'x'.repeat(201), 'x'.repeat(200)],
    ['NUL and a lone surrogate', 'a\0b\ud800c', 'ab\ufffdc'],
    ['an emoji across the 200th character', `${'x'.repeat(199)}😀`, expect.stringMatching(/^x{199}/)],
  ])('keeps %s for a label', async (_what, label, kept) => {
    const answer = await act(app.client(), (session) => session.login('ada', { label }));
    expect(answer.status).toBe(200);
    expect(await app.service.list('ada')).toMatchObject([{ label: kept }]);
  });
});
