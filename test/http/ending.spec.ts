import { InternalServerErrorException } from '@nestjs/common';
import { SessionDestroyedError } from 'nest-sessions';
import { act, ActionController, type AnySession, begin, NOBODY, seenBy, user, visitor } from '../support/actions.js';
import { startApp } from '../support/app.js';
import { attributesOf } from '../support/client.js';
import { describeOnStores } from '../support/suite.js';

/** The two ways in which a user ends a session. */
const ENDINGS: [string, (session: AnySession) => void][] = [
  ['logout', (session) => session.logout()],
  ['destroy', (session) => session.destroy()],
];

/** Everything a request can want of a session that ended while it ran, and the status it is answered with. */
const LATECOMERS: [string, number, (session: AnySession) => unknown][] = [
  ['set', 409, (session) => void session.set('late', 1)],
  ['set and save', 409, (session) => session.set('late', 1).save()],
  ['delete of a field', 409, (session) => session.delete('cart')],
  ['clear', 409, (session) => session.clear()],
  ['nested mutation', 409, (session) => session.get('cart').push('late')],
  ['flash', 409, (session) => session.flash('notice', 'late')],
  ['update', 409, (session) => session.update('count', (count = 0) => count + 1)],
  ['regenerate', 409, (session) => session.regenerate()],
  ['touch', 200, (session) => session.touch()],
  ['read', 200, (session) => session.get('cart')],
  ['logout', 200, (session) => session.logout()],
  ['destroy', 200, (session) => session.destroy()],
];

describeOnStores('ending a session', {}, (app) => {
  describe.each(ENDINGS)('%s', (reason, end) => {
    it('B-31 R-15 is acknowledged by the store before the answer leaves', async () => {
      const client = await user(app, 'ada');
      const held = app.calls.hold('delete');
      let answered = false;
      const answer = act(client, end).finally(() => (answered = true));
      await held.reached;
      expect(answered).toBe(false);
      held.release();
      expect((await answer).status).toBe(200);
      expect(app.calls.calls.delete).toBe(1);
    });

    it('B-31 R-34 C-34 clears the cookie with the attributes it was set with', async () => {
      const client = app.client();
      const [issued] = (await act(client, (session) => session.login('ada'))).cookies;
      const { cookies } = await act(client, end);
      expect(cookies).toHaveLength(1);
      expect(cookies[0]).toMatch(/^sid=; .*Max-Age=0/);
      expect(attributesOf(cookies[0])).toEqual(attributesOf(issued));
    });

    it('B-31 C-7 leaves a cookie that opens nothing', async () => {
      const client = await user(app, 'ada');
      const thief = client.copy();
      await act(client, end);
      expect(await seenBy(thief)).toEqual(NOBODY);
      expect(client.jar.size).toBe(0);
      expect(await app.service.list('ada')).toEqual([]);
    });

    it('B-33 done twice, in one request and in two, is done once', async () => {
      const client = await user(app, 'ada');
      const secondTab = client.copy();
      app.calls.reset();
      const answer = await act(client, (session) => {
        end(session);
        end(session);
      });
      expect(answer.status).toBe(200);
      expect(answer.cookies).toHaveLength(1);
      expect((await act(secondTab, end)).status).toBe(200);
      expect(app.calls.calls).toMatchObject({ delete: 1, create: 0, update: 0 });
    });

    it('B-33 C-13 of nothing stores nothing', async () => {
      const stranger = app.client();
      const fake = app.client();
      fake.jar.set('sid', 'A'.repeat(56));
      for (const client of [stranger, fake]) expect((await act(client, end)).status).toBe(200);
      expect(app.calls.calls).toMatchObject({ create: 0, update: 0, delete: 0 });
    });

    it('B-34 then a write starts a session with another id and none of the old data', async () => {
      const client = await visitor(app);
      const before = await seenBy(client);
      const answer = await act(client, (session) => {
        end(session);
        session.set('fresh', true);
      });
      expect(answer.cookies).toHaveLength(1);
      const after = await seenBy(client);
      expect(after).toEqual({ id: expect.any(String), isNew: false, userId: undefined, data: { fresh: true } });
      expect(after.id).not.toBe(before.id);
    });

    it('B-35 I-11 I-21 answers 503 when the store fails, keeps the cookie, and the session lives on', async () => {
      const client = await user(app, 'ada');
      app.calls.fault = (verb) => {
        if (verb === 'delete') throw new Error('down');
      };
      const answer = await act(client, end);
      app.calls.reset();
      expect(answer.status).toBe(503);
      expect(answer.cookies).toEqual([]);
      expect(await seenBy(client)).toMatchObject({ isNew: false, userId: 'ada' });
    });

    it('DESIGN 2.4 happens although the handler fails with a 500', async () => {
      const client = await user(app, 'ada');
      const thief = client.copy();
      const answer = await act(client, (session) => {
        end(session);
        throw new InternalServerErrorException();
      });
      expect(answer.status).toBe(500);
      expect(answer.cookies[0]).toMatch(/^sid=; .*Max-Age=0/);
      expect(await seenBy(thief)).toEqual(NOBODY);
    });

    it.each([
      ['returned', () => {}],
      ['sent by the handler', (response: { send(body: string): void }) => response.send('bye')],
    ])(
      'DESIGN 2.4 happens although what is written afterwards is too large, the answer being %s',
      async (_how, send) => {
        const client = await user(app, 'ada');
        const thief = client.copy();
        const answer = await act(client, (session, { response }) => {
          end(session);
          for (const name of ['a', 'b', 'c']) session.set(name, 'x'.repeat(30_000));
          send(response);
        });
        expect(answer.status).toBe(500);
        expect(await seenBy(thief)).toEqual(NOBODY);
      },
    );

    it.each(['create', 'update'] as const)('staged while a save (%s) is under way is not lost', async (verb) => {
      const client = verb === 'create' ? app.client() : await visitor(app);
      const held = app.calls.hold(verb);
      await act(client, async (session) => {
        session.login('ada');
        const saving = session.save();
        await held.reached;
        end(session);
        held.release();
        await saving;
      });
      expect(await seenBy(client)).toEqual(NOBODY);
      expect(await app.service.list('ada')).toEqual([]);
    });

    it('tells an event with the id, the user and the reason', async () => {
      const client = await user(app, 'ada');
      const { id } = await seenBy(client);
      app.events.length = 0;
      await act(client, end);
      const ended = { type: 'ended', name: 'session', at: app.clock.now(), id, userId: 'ada', reason };
      expect(app.events).toEqual([ended]);
    });

    it.each(LATECOMERS)('B-32 C-1 I-2 is not undone by a slower %s, answered %i', async (_what, status, late) => {
      const client = await visitor(app, { cart: ['tea'], count: 1 });
      const thief = client.copy();
      const slow = await begin(client, late);
      await act(client, end);
      app.clock.advance(5 * 60_000);
      const answer = await slow.finish();
      expect(answer.status).toBe(status);
      expect(answer.cookies.filter((line) => !line.startsWith('sid=;'))).toEqual([]);
      expect(await seenBy(thief)).toEqual(NOBODY);
    });
  });

  it('B-32 a refused write is told as an event, with the reason', async () => {
    const client = await visitor(app);
    const { id } = await seenBy(client);
    const slow = await begin(client, (session) => session.set('late', 1));
    await act(client, (session) => session.logout());
    app.events.length = 0;
    await slow.finish();
    expect(app.events).toEqual([
      { type: 'conflict', name: 'session', at: app.clock.now(), id, userId: undefined, reason: 'gone' },
    ]);
  });

  it('B-36 reading after destroy throws, and the session has ended all the same', async () => {
    const client = await user(app, 'ada');
    const thief = client.copy();
    const reads: ((session: AnySession) => unknown)[] = [
      (session) => session.get('cart'),
      (session) => session.has('cart'),
      (session) => session.keys(),
      (session) => session.entries(),
      (session) => session.flashes('notice'),
    ];
    const answer = await act(client, (session) => {
      session.destroy();
      for (const read of reads) expect(() => read(session)).toThrow(SessionDestroyedError);
      return session.get('cart');
    });
    expect(answer.status).toBe(500);
    expect(await seenBy(thief)).toEqual(NOBODY);
  });

  it('B-36 reading after destroy and a write sees what was written', async () => {
    const { result } = await act(await visitor(app), (session) => {
      session.destroy();
      return session.set('fresh', 1).entries();
    });
    expect(result).toEqual([['fresh', 1]]);
  });

  it('a logout leaves room for a farewell', async () => {
    const client = await user(app, 'ada');
    await act(client, (session) => {
      session.logout();
      session.flash('notice', 'Goodbye');
    });
    expect((await act(client, (session) => session.flashes('notice'))).result).toEqual(['Goodbye']);
    expect(await seenBy(client)).toMatchObject({ isNew: false, userId: undefined });
  });
});

it('B-31 R-34 clears a cookie of every attribute with the same ones', async () => {
  const cookie = { secure: true, sameSite: 'none', partitioned: true, path: '/shop', domain: 'example.com' } as const;
  const app = await startApp({ controllers: [ActionController], options: { cookie } });
  const client = app.client();
  const [issued] = (await act(client, (session) => session.login('ada'))).cookies;
  const [cleared] = (await act(client, (session) => session.logout())).cookies;
  expect(issued).toMatch(/^__Secure-sid=/);
  expect(attributesOf(issued)).toEqual([
    'Domain=example.com',
    'HttpOnly',
    'Partitioned',
    'Path=/shop',
    'SameSite=None',
    'Secure',
  ]);
  expect(attributesOf(cleared)).toEqual(attributesOf(issued));
  await app.close();
});
