import { inspect } from 'node:util';
import {
  Controller,
  Get,
  type MiddlewareConsumer,
  Module,
  type NestModule,
  Session as NestSession,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import {
  MemorySessionStore,
  type RequestSession,
  requestSession,
  type RequestSessionOptions,
  SessionConfigError,
  SessionModule,
} from 'nest-sessions';
import { act, type Acted, ActionController, type Http, seenBy } from '../support/actions.js';
import type { Client } from '../support/client.js';
import { watchCrashes } from '../support/crashes.js';
import { STORES } from '../support/stores.js';
import { startApp } from '../support/app.js';
import { counts, LOADS, useApp } from '../support/use-app.js';

// oxlint-disable-next-line typescript/no-explicit-any
type AnyRequest = Request & { session: RequestSession<Record<string, any>>; sessionID?: string };

@Controller()
class PagesController {
  @Get('about')
  about() {
    return 'open to all';
  }

  @Get('nest')
  nest(@NestSession() session: AnyRequest['session']) {
    return session;
  }
}

const requestOf = ({ request }: Http) => request as AnyRequest;

/** Sends a request that does this with `request.session`. What it throws fails the test. */
async function use<T>(
  client: Client,
  work: (session: AnyRequest['session'], request: AnyRequest) => T | Promise<T>,
): Promise<Acted<T>> {
  const errors: unknown[] = [];
  const acted = await act(client, async (_session, http) => {
    try {
      return await work(requestOf(http).session, requestOf(http));
    } catch (error) {
      errors.push(error);
      throw error;
    }
  });
  if (errors.length > 0) throw errors[0];
  return acted as Acted<T>;
}

/** What the callback of a method is called with. */
const calledBack = (work: (callback: (error?: unknown) => void) => unknown) =>
  new Promise<unknown>((resolve) => void work(resolve));

describe.each(LOADS)('request.session, %s', (load) => {
  watchCrashes();
  const app = useApp(STORES['memory']!, {
    controllers: [ActionController, PagesController],
    options: { load },
    prepare: (nest) => void nest.use(requestSession()),
  });

  it('I-15 costs a stranger nothing, and a page that does not look says nothing of cookies', async () => {
    const answer = await app.client().get('/about');
    expect(app.calls.calls).toEqual(counts());
    expect(answer.cookies).toEqual([]);
    expect(answer.headers.get('vary')).toBeNull();
  });

  it('has fields for properties; changes are saved without a word, nested ones too', async () => {
    const client = app.client();
    await use(client, (session) => {
      session['views'] = 1;
      session['cart'] = { items: ['tea'] };
      session['gone'] = true;
    });
    app.calls.reset();
    await use(client, (session) => {
      session['views']++;
      session['cart'].items.push('milk');
      delete session['gone'];
    });
    expect(app.calls.calls).toEqual(counts({ read: 1, update: 1 }));
    const { result } = await use(client, (session) => ({
      copy: { ...session },
      json: JSON.stringify(session),
      has: ['views' in session, 'gone' in session, Object.hasOwn(session, 'cart'), 'save' in session],
    }));
    expect(result).toEqual({
      copy: { views: 2, cart: { items: ['tea', 'milk'] } },
      json: '{"views":2,"cart":{"items":["tea","milk"]}}',
      has: [true, false, true, true],
    });
  });

  it('is the session that @Session() injects, and what Nest’s own @Session() gives', async () => {
    const client = app.client();
    const { result } = await act(client, (session, http) => {
      const request = requestOf(http);
      session.set('name', 'Ada');
      request.session['city'] = session.get('name') === request.session['name'] ? 'London' : '';
      return [session.get('city'), request.sessionID === session.id, request.session.id === session.id];
    });
    expect(result).toEqual(['London', true, true]);
    expect((await client.get('/nest')).json()).toEqual({ name: 'Ada', city: 'London' });
  });

  it('any name is a field but those of its own members, and no prototype is in reach', async () => {
    const client = app.client();
    await act(client, (session) => session.set('save', 'a field').set('id', 'another'));
    await use(client, (session) => {
      expect(session['constructor']).toBeUndefined();
      expect((session as { __proto__?: unknown }).__proto__).toBeUndefined();
      for (const name of ['__proto__', 'constructor', 'then', 'toJSON', 'get', 'flash']) session[name] = { of: name };
      expect(typeof session.save).toBe('function');
      expect(session.id).toHaveLength(24);
    });
    const { result } = await use(client, async (session) => {
      expect(session.hasOwnProperty('then')).toBe(true);
      return Object.entries(await session).map(([name, { of }]) => [name, of]);
    });
    expect(result.every(([name, of]) => name === of)).toBe(true);
    expect(result.map(([name]) => name)).toEqual(['__proto__', 'constructor', 'then', 'toJSON', 'get', 'flash']);
    expect(({} as { of?: unknown }).of).toBeUndefined();
    expect((await seenBy(client)).data).toMatchObject({ save: 'a field', id: 'another' });
    expect((await use(client, (session) => Reflect.ownKeys(session))).result).not.toContain('save');
  });

  it('I-15 a property set to undefined is gone, as it would be in JSON: no session comes of it', async () => {
    const client = app.client();
    const { cookies } = await use(client, (session) => {
      session['cart'] = undefined;
      expect('cart' in session).toBe(false);
    });
    expect(cookies).toEqual([]);
    expect(app.calls.calls).toEqual(counts());
  });

  it('refuses what could not be saved', async () => {
    const { result } = await use(app.client(), (session) => [
      Reflect.set(session, 'save', 1),
      Reflect.set(session, 'id', 1),
      Reflect.set(session, Symbol('mine'), 1),
      Reflect.deleteProperty(session, 'save'),
      Reflect.defineProperty(session, 'x', { value: 1 }),
      Reflect.setPrototypeOf(session, null),
      Reflect.preventExtensions(session),
      Reflect.set(session.cookie, 'maxAge', 1),
    ]);
    expect(result).toEqual(Array(8).fill(false));
    await use(app.client(), (session) => {
      expect(() => (session['job'] = () => {})).toThrow('job cannot be kept in a session: it is a function.');
    });
  });

  it.each(['save', 'reload', 'touch', 'regenerate', 'destroy'] as const)(
    '%s takes a callback, or gives a promise',
    async (name) => {
      const client = app.client();
      await use(client, (session) => (session['cart'] = ['tea']));
      await use(client.copy(), async (session) =>
        expect(await calledBack((done) => session[name](done))).toBeUndefined(),
      );
      const fresh = app.client();
      await use(fresh, (session) => (session['cart'] = ['tea']));
      await use(fresh, async (session) => expect(await session[name]()).toBeUndefined());
    },
  );

  it('save saves at once, and tells the callback of failure', async () => {
    const client = app.client();
    const answer = await use(client, async (session) => {
      session['cart'] = ['tea'];
      await session.save();
      expect(app.calls.calls).toEqual(counts({ create: 1 }));
      app.calls.fault = () => {
        throw new Error('down');
      };
      session['cart'].push('milk');
      return calledBack((done) => session.save(done));
    });
    expect(answer.result).toMatchObject({ statusCode: 503 });
    expect(answer.status).toBe(503);
  });

  it('save that nobody waits for ends no process when it fails', async () => {
    app.calls.fault = () => {
      throw new Error('down');
    };
    const answer = await use(app.client(), (session) => {
      session['cart'] = ['tea'];
      void session.save();
    });
    expect(answer.status).toBe(503);
    expect(answer.cookies).toEqual([]);
  });

  it('reload forgets what was changed', async () => {
    const client = app.client();
    await use(client, (session) => (session['views'] = 1));
    const { result } = await use(client, async (session, request) => {
      session['views'] = 2;
      await session.reload();
      return request.session['views'];
    });
    expect(result).toBe(1);
  });

  it('C-7 regenerate: an empty session with a new token in another object; the old object only shows what it had', async () => {
    const client = app.client();
    await use(client, (session) => (session['cart'] = ['tea']));
    const thief = client.copy();
    const { result } = await use(client, async (old, request) => {
      await old.regenerate();
      expect(request.session).not.toBe(old);
      expect([{ ...old }, { ...request.session }]).toEqual([{ cart: ['tea'] }, {}]);
      expect(Reflect.set(old, 'cart', [])).toBe(false);
      request.session['views'] = 1;
      expect(old.id).toBe(request.session.id);
      await old.save();
      return Object.keys(old);
    });
    expect(result).toEqual(['cart']);
    expect(client.cookieHeader).not.toBe(thief.cookieHeader);
    expect((await seenBy(client)).data).toEqual({ views: 1 });
    expect((await seenBy(thief)).data).toEqual({});
  });

  it('destroy ends the session at once, and there is none on the request', async () => {
    const client = app.client();
    await use(client, (session) => (session['cart'] = ['tea']));
    app.calls.reset();
    await use(client, async (session, request) => {
      await session.destroy();
      expect(app.calls.calls).toMatchObject({ delete: 1 });
      expect([request.session, request.sessionID]).toEqual([undefined, undefined]);
    });
    expect(client.jar.size).toBe(0);
  });

  it('cookie tells what it is like and when the session ends', async () => {
    const client = app.client();
    const isNew = await use(client, (session) => {
      session['cart'] = [];
      return session.cookie;
    });
    expect(isNew.result).toMatchObject({ expires: null, maxAge: null });
    const { result } = await use(client, (session) => session.cookie);
    expect(result).toEqual({
      domain: undefined,
      httpOnly: true,
      partitioned: false,
      path: '/',
      sameSite: 'lax',
      secure: false,
      maxAge: 30 * 60_000,
      expires: new Date(app.clock.now() + 30 * 60_000),
    });
  });

  it('I-20 shows no values to a log', async () => {
    const client = app.client();
    await use(client, (session) => (session['password'] = 'open sesame'));
    const { result } = await use(client, (session) => inspect({ session }, { depth: 9, showHidden: true }));
    expect(result).toContain('RequestSession {');
    expect(result).not.toContain('sesame');
  });

  it('B-69 pages that do not look survive an outage; who looks gets a 503', async () => {
    const client = app.client();
    await use(client, (session) => (session['cart'] = ['tea']));
    app.calls.fault = () => {
      throw new Error('down');
    };
    expect((await client.get('/about')).status).toBe(200);
    const answer = await client.get('/nest');
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('1');
  });
});

describe('requestSession()', () => {
  const controllers = [ActionController, PagesController];
  const logger = { warn: () => {}, error: () => {} };

  it('is told apart from another session middleware', async () => {
    const errors: unknown[] = [];
    const app = await startApp({
      controllers,
      prepare: (nest) =>
        void nest.use((request: Request, response: Response, next: () => void) => {
          Object.assign(request, { session: {} });
          void requestSession()(request, response, (error) => {
            errors.push(error);
            next();
          });
        }),
    });
    await app.client().get('/about');
    expect(errors).toEqual([expect.any(SessionConfigError)]);
    expect(String(errors[0])).toContain('request.session is taken');
    await app.close();
  });

  it('serves a named session, and does nothing when it is registered twice', async () => {
    const app = await startApp({
      controllers,
      imports: [SessionModule.forRoot(new MemorySessionStore(), { name: 'admin', logger })],
      prepare: (nest) => void nest.use(requestSession({ name: 'admin' }), requestSession()),
    });
    const client = app.client();
    await use(client, (session) => (session['list'] = [1]));
    expect([...client.jar.keys()]).toEqual(['admin-sid']);
    expect((await client.get('/nest')).json()).toEqual({ list: [1] });
    await app.close();
  });

  it('serves as a module’s middleware, for its routes only', async () => {
    @Module({})
    class ShopModule implements NestModule {
      configure(consumer: MiddlewareConsumer): void {
        consumer.apply(requestSession()).forRoutes('nest');
      }
    }
    const app = await startApp({ controllers, imports: [ShopModule] });
    const client = app.client();
    await act(client, (session, http) => {
      session.set('here', requestOf(http).session === undefined);
    });
    expect((await client.get('/nest')).json()).toEqual({ here: true });
    await app.close();
  });

  it('says so where there is no such session', async () => {
    const app = await startApp({ controllers, prepare: (nest) => void nest.use(requestSession({ name: 'admin' })) });
    expect((await app.client().get('/about')).status).toBe(500);
    await app.close();
  });

  describe('userId', () => {
    const stranger = { userId: undefined };

    async function afterSaving(
      options: RequestSessionOptions<{ passport: { user: unknown } }>,
      user: unknown,
    ): Promise<{ userId: string | undefined; log: string[] }> {
      const app = await startApp({ controllers, prepare: (nest) => void nest.use(requestSession(options)) });
      const client = app.client();
      await use(client, async (session) => {
        session['passport'] = { user };
        await session.save();
        session['passport'].user = user;
        await session.save();
      });
      const { userId } = await seenBy(client);
      const { log } = app;
      await app.close();
      return { userId, log };
    }

    it('is what Passport keeps, if that can be an id', async () => {
      expect(await afterSaving({}, 'ada')).toEqual({ userId: 'ada', log: [] });
      expect(await afterSaving({}, 7)).toEqual({ userId: '7', log: [] });
      expect(await afterSaving({}, null)).toEqual({ ...stranger, log: [] });
    });

    it('is not made up from anything else, and that is said once', async () => {
      const expected = { ...stranger, log: [expect.stringContaining('requestSession({ userId:')] };
      expect(await afterSaving({}, { id: 'ada' })).toEqual(expected);
      expect(await afterSaving({}, 'x'.repeat(256))).toEqual(expected);
    });

    it('may be told, or left alone', async () => {
      const userId = ({ passport }: { passport?: { user: unknown } }) =>
        (passport?.user as { id: string } | undefined)?.id;
      expect(await afterSaving({ userId }, { id: 'ada' })).toEqual({ userId: 'ada', log: [] });
      expect(await afterSaving({ userId: () => undefined }, 'ada')).toEqual({ ...stranger, log: [] });
    });
  });
});
