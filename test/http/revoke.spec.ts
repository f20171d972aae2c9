import { jest } from '@jest/globals';
import { act, begin, NOBODY, seenBy, user, visitor } from '../support/actions.js';
import { describeOnStores } from '../support/suite.js';
import { counts } from '../support/use-app.js';

const HOUR = 60 * 60_000;

describeOnStores('the sessions of a user', {}, (app) => {
  it('R-19 are listed, the one used last first, with what a device list shows and nothing else', async () => {
    const startedAt = app.clock.now();
    const phone = await user(app, 'ada', { label: 'Phone' });
    app.clock.advance(5 * 60_000);
    const laptop = await user(app, 'ada', { label: 'Laptop' });
    await user(app, 'bob');
    await visitor(app);
    app.clock.advance(5 * 60_000);
    const { id } = await seenBy(phone);
    const now = app.clock.now();
    expect(await app.service.list('ada')).toEqual([
      {
        id,
        userId: 'ada',
        label: 'Phone',
        createdAt: startedAt,
        authenticatedAt: startedAt,
        lastSeenAt: now,
        expiresAt: now + HOUR / 2,
      },
      {
        id: (await seenBy(laptop)).id,
        userId: 'ada',
        label: 'Laptop',
        createdAt: now - 5 * 60_000,
        authenticatedAt: now - 5 * 60_000,
        lastSeenAt: now - 5 * 60_000,
        expiresAt: now + 25 * 60_000,
      },
    ]);
  });

  it('I-22 lists the live ones and no other', async () => {
    const leaving = await user(app, 'ada');
    await user(app, 'ada');
    app.clock.advance(HOUR / 2);
    const staying = await user(app, 'ada');
    expect(await app.service.list('ada')).toHaveLength(1);
    await act(leaving, (session) => session.logout());
    expect(await app.service.list('ada')).toEqual([expect.objectContaining({ id: (await seenBy(staying)).id })]);
    expect(await app.service.list('nobody')).toEqual([]);
  });

  it('R-19 one is ended by its id; it was there once', async () => {
    const client = await user(app, 'ada');
    const { id } = await seenBy(client);
    app.events.length = 0;
    expect(await app.service.revoke(id, { userId: 'ada' })).toBe(true);
    expect(app.events).toEqual([expect.objectContaining({ type: 'ended', id, userId: 'ada', reason: 'revoked' })]);
    expect(await seenBy(client)).toEqual(NOBODY);
    expect(await app.service.revoke(id, { userId: 'ada' })).toBe(false);
    expect(await app.service.revoke(id)).toBe(false);
  });

  it('R-19 one of another user is refused in the same step, and ended by who may', async () => {
    const client = await user(app, 'bob');
    const { id } = await seenBy(client);
    app.calls.reset();
    expect(await app.service.revoke(id, { userId: 'ada' })).toBe(false);
    expect(app.calls.calls).toEqual(counts({ delete: 1 }));
    expect((await seenBy(client)).userId).toBe('bob');
    expect(await app.service.revoke(id)).toBe(true);
    expect(await seenBy(client)).toEqual(NOBODY);
  });

  it("R-19 an anonymous one is nobody's", async () => {
    const client = await visitor(app);
    const { id } = await seenBy(client);
    expect(await app.service.revoke(id, { userId: 'ada' })).toBe(false);
    expect((await seenBy(client)).isNew).toBe(false);
  });

  it.each([
    '',
    'unknown',
    'A'.repeat(23),
    'A'.repeat(25),
    `${'A'.repeat(23)}\0`,
    `${'A'.repeat(23)}=`,
    '../../../../../etc/passw',
    'A'.repeat(56),
    42,
    null,
    undefined,
    {},
    ['A'.repeat(24)],
  ])('R-4 C-15 %j is no id, and never reaches the store', async (id) => {
    expect(await app.service.revoke(id as string)).toBe(false);
    expect(app.calls.total).toBe(0);
  });

  it('R-19 an unknown id is not there', async () => {
    expect(await app.service.revoke('A'.repeat(24))).toBe(false);
  });

  it('C-1 one that is revoked stays so, whatever a slower request writes', async () => {
    const client = await user(app, 'ada');
    const { id } = await seenBy(client);
    const slow = await begin(client, (session) => session.set('late', 1));
    await app.service.revoke(id);
    expect(await slow.finish()).toMatchObject({ status: 409, cookies: [] });
    expect(await seenBy(client)).toEqual(NOBODY);
  });

  it('R-17 are all ended, but for one', async () => {
    const [phone, laptop, tablet] = [await user(app, 'ada'), await user(app, 'ada'), await user(app, 'ada')];
    const other = await user(app, 'bob');
    const { id } = await seenBy(laptop);
    expect(await app.service.revokeAll('ada', { except: id })).toBe(2);
    expect(await seenBy(phone)).toEqual(NOBODY);
    expect(await seenBy(tablet)).toEqual(NOBODY);
    expect((await seenBy(laptop)).userId).toBe('ada');
    expect((await seenBy(other)).userId).toBe('bob');
    expect(await app.service.revokeAll('ada')).toBe(1);
    expect(await seenBy(laptop)).toEqual(NOBODY);
    expect(await app.service.revokeAll('ada')).toBe(0);
  });

  it('R-17 a password change ends the others and renews the token of the one it is made in', async () => {
    const [laptop, phone] = [await user(app, 'ada'), await user(app, 'ada')];
    const stolen = laptop.copy();
    app.clock.advance(1_000);
    const answer = await act(laptop, async (session) => {
      await app.service.revokeAll('ada', { except: session.id });
      session.regenerate();
    });
    expect(answer.status).toBe(200);
    expect(await seenBy(phone)).toEqual(NOBODY);
    expect(await seenBy(stolen)).toEqual(NOBODY);
    expect((await seenBy(laptop)).userId).toBe('ada');
  });

  it('R-17 a password change may log in anew in the same request', async () => {
    const client = await user(app, 'ada');
    app.clock.advance(1_000);
    const answer = await act(client, async (session) => {
      app.clock.advance(1);
      await app.service.revokeAll('ada', { except: session.id });
      session.login('ada');
    });
    expect(answer.status).toBe(200);
    expect((await seenBy(client)).userId).toBe('ada');
  });
});

describeOnStores('revokeAll while a login is under way', {}, (app) => {
  it.each([
    ['is about to be stored as a new session', 'create'],
    ["is about to be stored in the visitor's session", 'update'],
  ] as const)('B-42 I-22 %s: the login ends itself with 409 and no session lives', async (_when, verb) => {
    const client = verb === 'create' ? app.client() : await visitor(app);
    app.events.length = 0;
    const held = app.calls.hold(verb);
    const login = act(client, (session) => session.login('ada'));
    await held.reached;
    app.clock.advance(1);
    expect(await app.service.revokeAll('ada')).toBe(0);
    held.release();
    expect(await login).toMatchObject({ status: 409, cookies: [] });
    expect(await app.service.list('ada')).toEqual([]);
    expect((await seenBy(client)).userId).toBeUndefined();
    expect(app.events).toContainEqual(expect.objectContaining({ type: 'ended', userId: 'ada', reason: 'revoked' }));
    expect(app.events).toContainEqual(expect.objectContaining({ type: 'conflict', userId: 'ada', reason: 'revoked' }));
  });

  it('B-42 I-22 has not called login() yet: it checked what may no longer be true', async () => {
    const client = await visitor(app);
    const slow = await begin(client, (session) => session.login('ada'));
    app.clock.advance(1);
    await app.service.revokeAll('ada');
    app.clock.advance(1);
    expect(await slow.finish()).toMatchObject({ status: 409, cookies: [] });
    expect(await app.service.list('ada')).toEqual([]);
  });

  it('B-42 a login after it lives', async () => {
    await app.service.revokeAll('ada');
    app.clock.advance(1);
    const client = await user(app, 'ada');
    expect((await seenBy(client)).userId).toBe('ada');
  });

  it('B-42 a login of another user lives', async () => {
    const client = await visitor(app);
    const slow = await begin(client, (session) => session.login('bob'));
    await app.service.revokeAll('ada');
    expect((await slow.finish()).status).toBe(200);
    expect((await seenBy(client)).userId).toBe('bob');
  });

  it('I-11 I-22 a login that cannot learn whether it was revoked is a 503 without a cookie', async () => {
    const epoch = jest.spyOn(app.store, 'epoch').mockRejectedValueOnce(new Error('down'));
    const stranger = app.client();
    expect(await act(stranger, (session) => session.login('ada'))).toMatchObject({ status: 503, cookies: [] });
    expect((await seenBy(stranger)).userId).toBeUndefined();
    epoch.mockRestore();
  });

  it('B-42 ends nothing if the store cannot remember it: a login under way would not see it', async () => {
    const client = await user(app, 'ada');
    const raise = jest.spyOn(app.store, 'raiseEpoch').mockRejectedValueOnce(new Error('down'));
    await expect(app.service.revokeAll('ada')).rejects.toMatchObject({ statusCode: 503 });
    expect((await seenBy(client)).userId).toBe('ada');
    raise.mockRestore();
  });
});
