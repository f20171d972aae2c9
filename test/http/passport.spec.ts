import type { AnySession } from '../support/actions.js';
import { act, begin, type Http } from '../support/actions.js';
import type { Client } from '../support/client.js';
import { type PassportRequest, removed, withPassport } from '../support/passport.js';
import { GROUNDS } from '../support/stores.js';
import { describeOnStores, type SuiteApp } from '../support/suite.js';
import { counts } from '../support/use-app.js';

interface Me {
  user?: string;
  userId?: string;
  data: Record<string, unknown>;
  id?: string;
}

const requestOf = ({ request }: Http) => request as PassportRequest;

function logIn(client: Client, username: string, path = '/login') {
  return client.post(path, { username, password: 'open sesame' });
}

async function me(client: Client): Promise<Me> {
  return (await client.get('/me')).json<Me>();
}

async function withCart(app: SuiteApp): Promise<Client> {
  const client = app.client();
  await act(client, (_session, http) => {
    requestOf(http).session.cart = ['tea'];
  });
  return client;
}

function suite(app: SuiteApp): void {
  describe('login', () => {
    it('I-15 a stranger logs in with one write, and is known to guards and device lists', async () => {
      const client = app.client();
      expect((await client.get('/profile')).status).toBe(401);
      expect(app.calls.calls).toEqual(counts());
      const answer = await logIn(client, 'ada');
      expect(answer.json()).toEqual({ id: 'ada' });
      expect(answer.cookies).toHaveLength(1);
      expect(app.calls.calls).toEqual(counts({ create: 1 }));
      expect(await me(client)).toMatchObject({ user: 'ada', userId: 'ada', data: { passport: { user: 'ada' } } });
      expect((await client.get('/profile')).text).toBe('ada');
      expect(await app.service.list('ada')).toHaveLength(1);
    });

    it('a wrong password changes nothing', async () => {
      const client = app.client();
      const answer = await client.post('/login', { username: 'ada', password: 'please' });
      expect(answer.status).toBe(401);
      expect(answer.cookies).toEqual([]);
      expect(app.calls.calls).toEqual(counts());
    });

    it('C-7 I-13 a planted token is not logged in with: it changes in the step that logs in, and the old one is dead', async () => {
      const client = await withCart(app);
      const planted = client.copy();
      app.calls.reset();
      await logIn(client, 'ada');
      expect(app.calls.calls).toEqual(counts({ read: 1, update: 1 }));
      expect(client.cookieHeader).not.toBe(planted.cookieHeader);
      expect(await me(planted)).toMatchObject({ data: {} });
      expect((await planted.get('/profile')).status).toBe(409);
      app.clock.advance(31_000);
      expect((await planted.get('/profile')).status).toBe(401);
      expect(await me(planted)).toMatchObject({ data: {} });
      expect(await me(client)).toMatchObject({ user: 'ada' });
    });

    it('is one: saving afterwards gives no other token', async () => {
      const client = app.client();
      await logIn(client, 'ada');
      const { cookies } = await act(client, async (_session, http) => {
        requestOf(http).session.views = 1;
        await requestOf(http).session.save();
      });
      expect(cookies).toEqual([]);
    });

    it('drops the data of before, as Passport wants it', async () => {
      const client = await withCart(app);
      await logIn(client, 'ada');
      expect((await me(client)).data).toEqual({ passport: { user: 'ada' } });
    });

    it('keepSessionInfo keeps it', async () => {
      const client = await withCart(app);
      const planted = client.copy();
      await logIn(client, 'ada', '/login/keep');
      expect((await me(client)).data).toEqual({ cart: ['tea'], passport: { user: 'ada' } });
      expect((await me(planted)).data).toEqual({});
    });

    it('as somebody else ends the first session', async () => {
      const client = app.client();
      await logIn(client, 'ada');
      const first = client.copy();
      const { id } = await me(client);
      await logIn(client, 'bob');
      expect(await me(client)).toMatchObject({ user: 'bob', userId: 'bob', data: { passport: { user: 'bob' } } });
      expect((await me(client)).id).not.toBe(id);
      expect((await first.get('/profile')).status).toBe(401);
      expect(await app.service.list('ada')).toEqual([]);
    });

    it('as somebody else without regenerate, as when support looks over a shoulder, is another session with its fields', async () => {
      const client = app.client();
      await logIn(client, 'ada');
      const { id } = await me(client);
      await act(client, async (_session, http) => {
        const { session } = requestOf(http);
        session.passport!.user = 'bob';
        await session.save();
      });
      const after = await me(client);
      expect(after).toMatchObject({ user: 'bob', userId: 'bob', data: { passport: { user: 'bob' } } });
      expect(after.id).not.toBe(id);
      expect(await app.service.list('ada')).toEqual([]);
    });

    it('is remembered if session.login() says so afterwards', async () => {
      const client = app.client();
      await logIn(client, 'ada');
      const { cookies } = await act(client, (session: AnySession) => session.login('ada', { remember: true }));
      expect(cookies[0]).toContain('Max-Age=');
      expect(await me(client)).toMatchObject({ user: 'ada', userId: 'ada' });
    });

    it('I-13 a request under way cannot put a session of its own in the place of the login', async () => {
      const client = await withCart(app);
      const slow = await begin(client.copy(), (_session, http) => {
        requestOf(http).session.views = 1;
      });
      await logIn(client, 'ada');
      const late = await slow.finish();
      expect(late.status).toBe(409);
      expect(late.cookies).toEqual([]);
      expect((await me(client)).data).toEqual({ passport: { user: 'ada' } });
    });

    it('I-22 revokeAll ends it', async () => {
      const client = app.client();
      await logIn(client, 'ada');
      expect(await app.service.revokeAll('ada')).toBe(1);
      expect(await me(client)).toEqual({ data: {}, id: expect.any(String) });
    });

    it('I-11 a store that fails at login is a 503 without a cookie', async () => {
      const client = app.client();
      app.calls.fault = (verb) => {
        if (verb === 'create') throw new Error('down');
      };
      const answer = await logIn(client, 'ada');
      expect(answer.status).toBe(503);
      expect(answer.cookies).toEqual([]);
      expect((await me(client)).user).toBeUndefined();
    });
  });

  describe('logout', () => {
    it('C-7 ends the session: the token is dead, and what is written next has another id', async () => {
      const client = app.client();
      await logIn(client, 'ada');
      const thief = client.copy();
      const { id } = await me(client);
      const answer = await client.post('/logout');
      expect(answer.status).toBe(200);
      expect(client.jar.size).toBe(0);
      expect(await me(thief)).toMatchObject({ data: {} });
      expect(await app.store.read(id!, app.clock.now())).toBeUndefined();
      expect(await app.service.list('ada')).toEqual([]);
      await act(client, (_session, http) => {
        requestOf(http).session.cart = ['milk'];
      });
      expect((await me(client)).id).not.toBe(id);
    });

    it('keepSessionInfo carries the data over to a new session without a user', async () => {
      const client = await withCart(app);
      await logIn(client, 'ada', '/login/keep');
      const thief = client.copy();
      const { id } = await me(client);
      await client.post('/logout/keep');
      const after = await me(client);
      expect(after.user).toBeUndefined();
      expect(after.userId).toBeUndefined();
      expect(after.data).toEqual({ cart: ['tea'], passport: {} });
      expect(after.id).not.toBe(id);
      expect((await thief.get('/profile')).status).toBe(401);
    });

    it('C-1 I-2 is not undone by a request under way', async () => {
      const client = app.client();
      await logIn(client, 'ada');
      const tab = client.copy();
      const slow = await begin(tab, (_session, http) => {
        requestOf(http).session.cart = ['late'];
      });
      await client.post('/logout');
      expect((await slow.finish()).status).toBe(409);
      expect((await tab.get('/profile')).status).toBe(401);
    });

    it('of the session alone, by session.logout(), takes Passport’s user with it', async () => {
      const client = app.client();
      await logIn(client, 'ada');
      await act(client, (session: AnySession) => session.logout());
      expect((await me(client)).user).toBeUndefined();
    });

    it('I-15 a stranger may log out', async () => {
      const answer = await app.client().post('/logout');
      expect(answer.status).toBe(200);
      expect(app.calls.calls).toEqual(counts());
    });
  });

  describe('a user who is gone', () => {
    async function eve(): Promise<Client> {
      const client = app.client();
      await logIn(client, 'eve');
      removed.add('eve');
      app.calls.reset();
      return client;
    }
    afterEach(() => removed.clear());

    it('is let in nowhere, and the session ends', async () => {
      const client = await eve();
      const copy = client.copy();
      const answer = await client.get('/profile');
      expect([answer.status, client.jar.size]).toEqual([401, 0]);
      expect(app.calls.calls).toEqual(counts({ read: 1, delete: 1 }));
      expect(app.events.at(-1)).toMatchObject({ type: 'ended', userId: 'eve', reason: 'logout' });
      removed.clear();
      expect(await me(copy)).toEqual({ data: {}, id: expect.any(String) });
      expect((await copy.get('/profile')).status).toBe(401);
    });

    it('has a session no more, where nobody looks either', async () => {
      const client = await eve();
      await client.get('/nothing');
      expect(app.calls.calls).toEqual(counts({ read: 1, delete: 1 }));
    });
  });
}

describeOnStores('Passport', withPassport(), suite, GROUNDS);
