import { act, NOBODY, seenBy, user, visitor } from '../support/actions.js';
import { at, deployed, describeOnStores } from '../support/suite.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describeOnStores('limits that a deploy changes', {}, (app) => {
  it.each([
    ['idle', { idleTimeout: '10m' }, 10 * MINUTE],
    ['absolute', { absoluteTimeout: '20m', idleTimeout: '20m' }, 20 * MINUTE],
  ])('B-50 a shorter %s time holds for sessions that exist', async (_which, options, limit) => {
    const client = await user(app, 'ada');
    const end = app.clock.now() + limit;
    await deployed(app, options, async (next) => {
      app.clock.set(end - 1);
      expect((await next.service.list('ada')).map(({ expiresAt }) => expiresAt)).toEqual([end]);
      const { result } = await act(at(next, client), ({ expiresAt, userId }) => ({ expiresAt, userId }));
      expect(result.userId).toBe('ada');
    });
    const second = await user(app, 'bob');
    app.clock.advance(limit);
    await deployed(app, options, async (next) => {
      expect(await seenBy(at(next, second))).toEqual(NOBODY);
      expect(await next.service.list('bob')).toEqual([]);
    });
  });

  it('B-50 a shorter absolute time is counted from the login', async () => {
    const client = await visitor(app);
    app.clock.advance(20 * MINUTE);
    await act(client, (session) => session.login('ada'));
    app.clock.advance(20 * MINUTE);
    await deployed(app, { absoluteTimeout: '30m' }, async (next) => {
      expect((await seenBy(at(next, client))).userId).toBe('ada');
      app.clock.advance(10 * MINUTE);
      expect(await seenBy(at(next, client))).toEqual(NOBODY);
    });
  });

  it('B-50 a longer idle time does not', async () => {
    const client = await visitor(app);
    await deployed(app, { idleTimeout: '2h' }, async (next) => {
      const later = at(next, client);
      app.clock.advance(30 * MINUTE - 1);
      expect((await seenBy(later)).isNew).toBe(false);
      app.clock.advance(30 * MINUTE);
      expect(await seenBy(later)).toEqual(NOBODY);
    });
  });

  it('B-50 a longer absolute time does not', async () => {
    const client = await visitor(app);
    await deployed(app, { absoluteTimeout: '30d' }, async (next) => {
      const later = at(next, client);
      for (let age = 0; age < 12 * HOUR - 20 * MINUTE; age += 20 * MINUTE) {
        app.clock.advance(20 * MINUTE);
        await seenBy(later);
      }
      app.clock.advance(20 * MINUTE - 1);
      expect((await seenBy(later)).isNew).toBe(false);
      app.clock.advance(1);
      expect(await seenBy(later)).toEqual(NOBODY);
    });
  });

  it('B-50 a shorter remember time holds for sessions that exist', async () => {
    const client = await user(app, 'ada', { remember: true });
    await deployed(app, { remember: { idle: '7d' } }, async (next) => {
      app.clock.advance(7 * DAY - 1);
      expect((await seenBy(at(next, client))).userId).toBe('ada');
      app.clock.advance(7 * DAY);
      expect(await seenBy(at(next, client))).toEqual(NOBODY);
    });
  });

  it.each([
    ['shorter idle time ends it earlier', { idleTimeout: '10m' }, 10 * MINUTE],
    ['longer idle time does not end it later', { idleTimeout: '2h' }, 30 * MINUTE],
  ])('B-50 B-37 regenerate under a %s, and is one write', async (_how, options, limit) => {
    const client = await user(app, 'ada');
    app.clock.advance(MINUTE);
    await deployed(app, options, async (next) => {
      const later = at(next, client);
      await act(later, (session) => session.regenerate());
      expect(next.calls.calls).toMatchObject({ update: 1, touch: 0 });
      const { result } = await act(later, ({ expiresAt, userId }) => ({ expiresAt, userId }));
      expect(result).toEqual({ expiresAt: app.clock.now() + limit, userId: 'ada' });
      expect(await next.service.list('ada')).toEqual([expect.objectContaining({ lastSeenAt: app.clock.now() })]);
    });
  });

  it("B-50 a login lives by today's limits", async () => {
    const client = await visitor(app);
    await deployed(app, { idleTimeout: '2h', absoluteTimeout: '30d' }, async (next) => {
      const later = at(next, client);
      await act(later, (session) => session.login('ada'));
      expect((await act(later, ({ expiresAt }) => expiresAt)).result).toBe(app.clock.now() + 2 * HOUR);
    });
  });
});

describeOnStores('sweeping', { options: { sweepInterval: false } }, (app) => {
  const sweepable = () => app.store as unknown as { sweep(now: number, limit: number): Promise<number> };

  it('B-49 removes what has expired, says how many, and leaves the rest', async () => {
    await app.service.sweep();
    const expiring = [await visitor(app), await user(app, 'ada')];
    app.clock.advance(20 * MINUTE);
    const staying = [await visitor(app), await user(app, 'ada')];
    app.clock.advance(10 * MINUTE - 1);
    expect(await app.service.sweep()).toBe(0);
    app.clock.advance(1);
    expect(await app.service.sweep()).toBe(2);
    expect(await app.service.sweep()).toBe(0);
    for (const client of expiring) expect(await seenBy(client)).toEqual(NOBODY);
    for (const client of staying) expect((await seenBy(client)).isNew).toBe(false);
  });

  it('B-49 goes on until all is gone, batch by batch', async () => {
    await app.service.sweep();
    const client = await visitor(app);
    const record = (await app.store.read((await seenBy(client)).id, app.clock.now()))!;
    const ids = Array.from({ length: 1_200 }, (_, index) => `expired-${String(index).padStart(16, '0')}`);
    await Promise.all(ids.map((id) => app.store.create({ ...record, id })));
    app.clock.advance(HOUR);
    expect(await sweepable().sweep(app.clock.now(), 100)).toBe(100);
    expect(await app.service.sweep()).toBe(1_101);
  });

  it('B-49 by two applications at once removes each session once', async () => {
    await app.service.sweep();
    for (let count = 0; count < 20; count++) await visitor(app);
    app.clock.advance(HOUR);
    await deployed(app, {}, async (next) => {
      const swept = await Promise.all([app.service, next.service, app.service].map((service) => service.sweep()));
      const rest = await app.service.sweep();
      expect(swept.reduce((sum, count) => sum + count, rest)).toBe(20);
    });
  });

  it('B-49 leaves alone what was touched a moment before', async () => {
    const client = await visitor(app);
    app.clock.advance(30 * MINUTE - 1);
    const [answer] = await Promise.all([act(client, (session) => session.touch()), app.service.sweep()]);
    app.clock.advance(1);
    await app.service.sweep();
    expect(answer.status).toBe(200);
    expect((await seenBy(client)).isNew).toBe(false);
  });
});

describeOnStores('a persistent cookie', { options: { cookie: { persistent: true } } }, (app) => {
  const maxAge = (line: string | undefined) => Number(/; Max-Age=(\d+);/.exec(line ?? '')?.[1]);

  it("R-37 is kept for what is left of the session's total life", async () => {
    const client = app.client();
    const created = await act(client, (session) => session.set('cart', []));
    expect(maxAge(created.cookies[0])).toBe((12 * HOUR) / 1_000);
    app.clock.advance(10 * MINUTE + 1);
    const regenerated = await act(client, (session) => session.regenerate());
    expect(maxAge(regenerated.cookies[0])).toBe((12 * HOUR - 10 * MINUTE) / 1_000 - 1);
    const login = await act(client, (session) => session.login('ada'));
    expect(maxAge(login.cookies[0])).toBe((12 * HOUR) / 1_000);
  });

  it('R-13 is not what the session lives by', async () => {
    const client = await visitor(app);
    app.clock.advance(30 * MINUTE);
    expect(client.jar.size).toBe(1);
    expect(await seenBy(client)).toEqual(NOBODY);
  });

  it('R-31 is kept for 400 days and no longer', async () => {
    await deployed(app, { remember: { absolute: '400d' } }, async (next) => {
      const { cookies } = await act(next.client(), (session) => session.login('ada', { remember: true }));
      expect(maxAge(cookies[0])).toBe(34_560_000);
    });
  });
});
