import { Controller, Get, HttpCode, Post, Req, Res, Session as NestSession } from '@nestjs/common';
import fastifyCsrf from '@fastify/csrf-protection';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type FastifyRequestSession, MemorySessionStore, requestSession, SessionModule } from 'nest-sessions';
import { act, type Acted, ActionController, type AnySession, seenBy } from '../support/actions.js';
import { startApp } from '../support/app.js';
import type { Client } from '../support/client.js';
import { watchCrashes } from '../support/crashes.js';
import { GROUNDS } from '../support/stores.js';
import { counts, LOADS, useApp } from '../support/use-app.js';

// oxlint-disable-next-line typescript/no-explicit-any
type RequestSession = FastifyRequestSession<Record<string, any>>;
type Request = FastifyRequest & { session: RequestSession; readonly sessionID?: string };

@Controller()
class PagesController {
  @Get('about')
  about() {
    return 'open to all';
  }

  @Get('nest')
  nest(@NestSession() session: RequestSession) {
    return session;
  }

  @Get('csrf')
  token(@Res({ passthrough: true }) reply: FastifyReply) {
    return reply.generateCsrf();
  }

  @Post('csrf')
  @HttpCode(200)
  change() {
    return 'changed';
  }

  @Post('login')
  @HttpCode(200)
  async login(@Req() { session }: Request) {
    await session.regenerate();
  }
}

/** Sends a request that does this with `request.session`. */
function use<T>(
  client: Client,
  work: (session: RequestSession, request: Request, own: AnySession) => T | Promise<T>,
): Promise<Acted<T>> {
  return act(client, (session, http) => {
    const request = http.request as unknown as Request;
    return work(request.session, request, session);
  });
}

/** A route of Fastify's own in a plugin with a context of its own, and csrf-protection for routes of that name. */
function prepare(app: NestFastifyApplication): void {
  const instance = app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  void app.register(requestSession());
  void app.register(fastifyCsrf, { sessionPlugin: '@fastify/session' });
  void instance.register(async (plugin) => {
    plugin.get('/plugin', (request, reply) => void reply.send((request as Request).session.get('cart') ?? 'empty'));
  });
  instance.addHook('preValidation', (request, reply, done) => {
    if (request.method === 'POST' && request.url === '/csrf') instance.csrfProtection(request, reply, done);
    else done();
  });
}

describe.each(LOADS)('request.session on Fastify, %s', (load) => {
  watchCrashes();
  const app = useApp(GROUNDS['memory, Fastify']!, {
    controllers: [ActionController, PagesController],
    options: { load },
    prepare: (nest) => prepare(nest as NestFastifyApplication),
  });

  it('I-15 costs a stranger nothing, and a page that does not look says nothing of cookies', async () => {
    const answer = await app.client().get('/about');
    expect(app.calls.calls).toEqual(counts());
    expect([answer.cookies, answer.headers.get('vary')]).toEqual([[], null]);
  });

  it('is the session that @Session() injects, in fields and by the methods of @fastify/session', async () => {
    const client = app.client();
    const { result } = await use(client, (session, request, own) => {
      own.set('name', 'Ada');
      session.set('city', session.get('name') === 'Ada' && 'London');
      session['year'] = 1843;
      session.set('gone', undefined);
      return [session.data(), { ...session }, request.sessionID === own.id];
    });
    const data = { name: 'Ada', city: 'London', year: 1843 };
    expect(result).toEqual([data, data, true]);
    expect((await client.get('/nest')).json()).toEqual(data);
    expect(app.calls.calls).toEqual(counts({ create: 1, read: 1 }));
  });

  it('fields of the names of methods are out of reach there, and safe', async () => {
    const client = app.client();
    await act(client, (session) => session.set('get', 'a field').set('data', 'another'));
    const { result } = await use(client, (session) => [
      Reflect.set(session, 'get', 1),
      typeof session.get,
      Object.keys(session),
    ]);
    expect(result).toEqual([false, 'function', []]);
    expect((await seenBy(client)).data).toEqual({ get: 'a field', data: 'another' });
  });

  it('C-7 regenerate keeps the fields it is told, with a promise or a callback', async () => {
    const client = app.client();
    await use(client, (session) => Object.assign(session, { cart: ['tea'], views: 1, seen: true }));
    const thief = client.copy();
    await use(client, (session) => session.regenerate(['cart', 'views', 'nothing']));
    expect((await seenBy(client)).data).toEqual({ cart: ['tea'], views: 1 });
    expect((await seenBy(thief)).data).toEqual({});
    await use(client, (session) => new Promise((resolve) => void session.regenerate(['cart'], resolve)));
    expect((await seenBy(client)).data).toEqual({ cart: ['tea'] });
  });

  it('is there in plugins', async () => {
    const client = app.client();
    expect((await client.get('/plugin')).text).toBe('empty');
    await use(client, (session) => session.set('cart', ['tea']));
    expect((await client.get('/plugin')).json()).toEqual(['tea']);
  });

  it('B-69 who looks during an outage gets a 503, and nobody else', async () => {
    const client = app.client();
    await use(client, (session) => session.set('cart', ['tea']));
    app.calls.fault = () => {
      throw new Error('down');
    };
    expect((await client.get('/about')).status).toBe(200);
    expect((await client.get('/nest')).status).toBe(503);
  });

  describe('with @fastify/csrf-protection', () => {
    const tokenOf = async (client: Client) => (await client.get('/csrf')).text;
    const send = async (client: Client, token: string) =>
      (await client.post('/csrf', undefined, { headers: { 'x-csrf-token': token } })).status;

    it('a token is good in its own session, and nowhere else', async () => {
      const [ada, eve] = [app.client(), app.client()];
      const token = await tokenOf(ada);
      expect(await send(ada, token)).toBe(200);
      expect(await send(eve, token)).toBe(403);
      await tokenOf(eve);
      expect(await send(eve, token)).toBe(403);
    });

    it('I-13 a token from before a login is good no more', async () => {
      const client = app.client();
      const token = await tokenOf(client);
      await client.post('/login');
      expect(await send(client, token)).toBe(403);
      expect(await send(client, await tokenOf(client))).toBe(200);
    });
  });
});

describe('requestSession() on Fastify', () => {
  const logger = { warn: () => {}, error: () => {} };
  const start = (ready: (app: NestFastifyApplication) => void) =>
    startApp({
      platform: 'fastify',
      controllers: [ActionController, PagesController],
      imports: [SessionModule.forRoot(new MemorySessionStore(), { name: 'admin', logger })],
      prepare: (nest) => ready(nest as NestFastifyApplication),
    });

  it('serves a named session, and does nothing when it is registered twice', async () => {
    const app = await start((nest) => {
      void nest.register(requestSession({ name: 'admin' }));
      void nest.register(requestSession());
    });
    const client = app.client();
    await use(client, (session) => session.set('list', [1]));
    expect([...client.jar.keys()]).toEqual(['admin-sid']);
    await app.close();
  });

  async function failureOf(ready: (app: NestFastifyApplication) => void): Promise<string> {
    const errors: string[] = [];
    const app = await start((nest) => {
      nest
        .getHttpAdapter()
        .getInstance()
        .addHook('onError', async (_request, _reply, error) => {
          errors.push(error.message);
        });
      ready(nest);
    });
    expect((await app.client().get('/about')).status).toBe(500);
    await app.close();
    return errors.join();
  }

  it('is told apart from another session', async () => {
    const message = failureOf((nest) => {
      const instance = nest.getHttpAdapter().getInstance();
      instance.decorateRequest('session', { getter: () => ({}) as never });
      void nest.register(requestSession());
    });
    expect(await message).toContain('request.session is taken');
  });

  it('says what it is where it is used as middleware', async () => {
    expect(await failureOf((nest) => void nest.use(requestSession()))).toContain('app.register(requestSession())');
  });
});
