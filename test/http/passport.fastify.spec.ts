import {
  Body,
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  HttpCode,
  Injectable,
  Post,
  Query,
  Req,
  UnauthorizedException,
  UseGuards,
} from '@nestjs/common';
import { Authenticator } from '@fastify/passport';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type FastifyRequestSession, requestSession, Session, SessionAuthGuard } from 'nest-sessions';
import { Strategy as LocalStrategy } from 'passport-local';
import { Strategy as OAuthStrategy } from 'passport-oauth2';
import { ActionController, act, type AnySession, begin } from '../support/actions.js';
import type { Client } from '../support/client.js';
import { watchCrashes } from '../support/crashes.js';
import { OAuthProvider } from '../support/oauth.js';
import { STORES } from '../support/stores.js';
import { counts, LOADS, useApp } from '../support/use-app.js';

type Request = FastifyRequest & {
  user?: { id: string };
  session: FastifyRequestSession<{ passport: string; cart: string[] }>;
  readonly sessionID: string;
};

const provider = new OAuthProvider();
const removed = new Set<string>();
const passport = new Authenticator();
passport.registerUserSerializer(async ({ id }: { id: string }) => id);
passport.registerUserDeserializer(async (id: string) => (removed.has(id) ? null : { id }));
passport.use(
  new LocalStrategy((username, password, done) => done(null, password === 'open sesame' && { id: username })),
);

/** Runs a strategy as a guard. */
function Passes(strategy: string, keepSessionInfo = false) {
  const authenticate = passport.authenticate(strategy, async (request, _reply, error, user) => {
    if (error || !user) throw error ?? new UnauthorizedException();
    await request.logIn(user, { keepSessionInfo });
  });
  @Injectable()
  class PassesGuard implements CanActivate {
    async canActivate(context: ExecutionContext): Promise<boolean> {
      const http = context.switchToHttp();
      const [request, reply] = [http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>()];
      await authenticate.call(request.server as FastifyInstance, request, reply);
      // Redirected to the provider: there is nothing more to answer.
      return reply.sent ? new Promise<boolean>(() => {}) : true;
    }
  }
  return PassesGuard;
}

@Controller()
class LoginController {
  @Post('login')
  @HttpCode(200)
  @UseGuards(Passes('local'))
  login(@Req() { user }: Request, @Session() { userId }: AnySession) {
    return { user, userId };
  }

  @Post('login/keep')
  @HttpCode(200)
  @UseGuards(Passes('local', true))
  loginAndKeep(@Req() { user }: Request) {
    return user;
  }

  @Get('oauth')
  @UseGuards(Passes('oauth2'))
  begin() {
    throw new Error('the guard redirects');
  }

  @Get('oauth/callback')
  @UseGuards(Passes('oauth2'))
  callback(@Req() { user }: Request) {
    return user;
  }

  @Post('logout')
  @HttpCode(200)
  async logout(@Req() request: Request) {
    await request.logOut();
  }

  @Get('me')
  me(@Req() request: Request, @Session() { userId }: AnySession) {
    return { user: request.user?.id, userId, data: request.session.data(), id: request.sessionID };
  }

  @Get('profile')
  @UseGuards(SessionAuthGuard)
  profile(@Session() { userId }: AnySession) {
    return userId;
  }

  @Post('flash')
  @HttpCode(200)
  leave(@Req() request: Request, @Body('message') message: string) {
    request.flash('info', message);
  }

  @Get('flash')
  take(@Query('type') type: string, @Req() request: Request & { reply: FastifyReply }) {
    return request.session.get('flash') ?? type;
  }
}

function prepare(app: NestFastifyApplication): void {
  void app.register(requestSession());
  void app.register(passport.initialize());
  void app.register(passport.secureSession());
}

describe.each(LOADS)('@fastify/passport, %s', (load) => {
  watchCrashes();
  const app = useApp(
    async () => {
      await provider.start();
      passport.use(
        new OAuthStrategy(
          {
            authorizationURL: `${provider.url}/authorize`,
            tokenURL: `${provider.url}/token`,
            clientID: 'shop',
            clientSecret: 'open sesame',
            callbackURL: 'http://127.0.0.1/oauth/callback',
            state: true,
            pkce: true,
          },
          (_access: string, _refresh: string, _profile: unknown, done: (error: null, user: object) => void) =>
            done(null, { id: 'ada' }),
        ),
      );
      const { store } = await STORES['memory']!();
      return { store, close: () => provider.close() };
    },
    {
      platform: 'fastify',
      controllers: [ActionController, LoginController],
      options: { load },
      prepare: (nest) => prepare(nest as NestFastifyApplication),
    },
  );
  afterEach(() => removed.clear());

  const logIn = (client: Client, username: string, path = '/login') =>
    client.post(path, { username, password: 'open sesame' });
  const me = async (client: Client) =>
    (await client.get('/me')).json<{ user?: string; userId?: string; data: object; id: string }>();

  async function withCart(): Promise<Client> {
    const client = app.client();
    await act(client, (session) => void session.set('cart', ['tea']));
    return client;
  }

  it('I-15 a stranger logs in with one write, and is known to guards and device lists', async () => {
    const client = app.client();
    expect((await client.get('/profile')).status).toBe(401);
    expect(app.calls.calls).toEqual(counts());
    const answer = await logIn(client, 'ada');
    expect([answer.status, answer.cookies.length]).toEqual([200, 1]);
    expect(answer.json()).toEqual({ user: { id: 'ada' }, userId: 'ada' });
    expect(app.calls.calls).toEqual(counts({ create: 1 }));
    expect(await me(client)).toMatchObject({ user: 'ada', userId: 'ada', data: { passport: 'ada' } });
    expect((await client.get('/profile')).text).toBe('ada');
    expect(await app.service.list('ada')).toHaveLength(1);
    expect(await app.service.revokeAll('ada')).toBe(1);
  });

  it('a wrong password changes nothing', async () => {
    const answer = await app.client().post('/login', { username: 'ada', password: 'please' });
    expect([answer.status, answer.cookies.length]).toEqual([401, 0]);
    expect(app.calls.calls).toEqual(counts());
  });

  it('C-7 I-13 a planted token is not logged in with, and the data of before is dropped, or kept if so wished', async () => {
    for (const [path, data] of [
      ['/login', { passport: 'ada' }],
      ['/login/keep', { cart: ['tea'], passport: 'ada' }],
    ] as const) {
      const client = await withCart();
      const planted = client.copy();
      app.calls.reset();
      await logIn(client, 'ada', path);
      expect(app.calls.calls).toEqual(counts({ read: 1, update: 1 }));
      expect((await me(client)).data).toEqual(data);
      expect((await me(planted)).data).toEqual({});
    }
  });

  it.each(['ada', 'bob'])(
    'who is logged in and logs in as %s has another session; the first has ended',
    async (next) => {
      const client = app.client();
      await logIn(client, 'ada');
      const first = client.copy();
      const { id } = await me(client);
      await logIn(client, next);
      expect(await me(client)).toMatchObject({ user: next, userId: next, data: { passport: next } });
      expect((await me(client)).id).not.toBe(id);
      expect((await first.get('/profile')).status).toBe(401);
    },
  );

  it('C-1 C-7 a logout ends the session, and no request under way undoes it', async () => {
    const client = app.client();
    await logIn(client, 'cleo');
    const tab = client.copy();
    const slow = await begin(tab, (session) => void session.set('cart', ['late']));
    expect((await client.post('/logout')).status).toBe(200);
    expect(client.jar.size).toBe(0);
    expect((await slow.finish()).status).toBe(409);
    expect((await tab.get('/profile')).status).toBe(401);
    expect(await app.service.list('cleo')).toEqual([]);
  });

  it('a user who is gone is let in nowhere, and the session ends', async () => {
    const client = app.client();
    await logIn(client, 'eve');
    removed.add('eve');
    app.calls.reset();
    expect((await client.get('/profile')).status).toBe(401);
    expect(client.jar.size).toBe(0);
    expect(app.calls.calls).toEqual(counts({ read: 1, delete: 1 }));
  });

  it('I-11 a login that cannot be stored is a 503 without a cookie', async () => {
    app.calls.fault = () => {
      throw new Error('down');
    };
    const answer = await logIn(app.client(), 'ada');
    expect([answer.status, answer.cookies]).toEqual([503, []]);
  });

  it('flash messages, which come with it, are stored before the answer leaves', async () => {
    const client = app.client();
    expect((await client.post('/flash', { message: 'Welcome' })).cookies).toHaveLength(1);
    expect((await client.get('/flash')).json()).toEqual({ info: ['Welcome'] });
  });

  describe('with passport-oauth2, state and PKCE', () => {
    async function atProvider(client: Client): Promise<string> {
      const answer = await client.get('/oauth');
      expect([answer.status, answer.cookies.length]).toEqual([302, 1]);
      const { headers } = await fetch(answer.headers.get('location')!, { redirect: 'manual' });
      const { pathname, search } = new URL(headers.get('location')!);
      return pathname + search;
    }

    it('I-10 C-7 the state is stored before the redirect leaves, and good once; the login has a new token', async () => {
      const client = app.client();
      const path = await atProvider(client);
      const before = client.copy();
      expect((await client.get(path)).json()).toEqual({ id: 'ada' });
      expect(await me(client)).toMatchObject({ user: 'ada', userId: 'ada', data: { passport: 'ada' } });
      expect(client.cookieHeader).not.toBe(before.cookieHeader);
      expect((await client.get(path)).status).toBe(401);
    });

    it('a state of another browser is refused', async () => {
      const path = await atProvider(app.client());
      expect((await app.client().get(path)).status).toBe(401);
      const victim = app.client();
      await atProvider(victim);
      expect((await victim.get(path)).status).toBe(401);
      expect((await me(victim)).userId).toBeUndefined();
    });
  });
});
