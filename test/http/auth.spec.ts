import { Controller, Get, type Type, UseGuards } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { MemorySessionStore, Public, Session, SessionAuthGuard, SessionModule } from 'nest-sessions';
import { act, ActionController, type AnySession, seenBy, user, visitor } from '../support/actions.js';
import { startApp, type TestApp, type TestAppSettings } from '../support/app.js';
import type { Client } from '../support/client.js';
import { counts } from '../support/use-app.js';

@Controller()
class AccountController {
  @Get('account')
  account(@Session() session: AnySession) {
    return { userId: session.userId };
  }

  @Get('imprint')
  @Public()
  imprint() {
    return 'for everybody';
  }
}

@Controller()
@UseGuards(SessionAuthGuard)
class GuardedController extends AccountController {}

@Controller('open')
@Public()
class OpenController {
  @Get()
  open() {
    return 'for everybody';
  }
}

@Public()
class PublicActionController extends ActionController {}

const GLOBAL: Partial<TestAppSettings> = { providers: [{ provide: APP_GUARD, useClass: SessionAuthGuard }] };

/** The ways in which an application puts the guard in front of a route. */
const GUARDED: [string, Type, Partial<TestAppSettings>][] = [
  ['on the controller', GuardedController, {}],
  ['for all routes, by APP_GUARD', AccountController, GLOBAL],
  [
    'for all routes, by useGlobalGuards',
    AccountController,
    { prepare: (app) => app.useGlobalGuards(new SessionAuthGuard()) },
  ],
  ['on the controller, loading lazily', GuardedController, { options: { load: 'lazy' } }],
  ['on the controller, on Fastify', GuardedController, { platform: 'fastify' }],
  ['for all routes, by APP_GUARD, on Fastify', AccountController, { ...GLOBAL, platform: 'fastify' }],
];

describe.each(GUARDED)('SessionAuthGuard %s', (_where, controller, settings) => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp({ ...settings, controllers: [controller, OpenController, PublicActionController] });
  });

  afterAll(() => app.close());

  beforeEach(() => app.calls.reset());

  it('lets in who is logged in, with one read for the guard, the decorator and the handler', async () => {
    const client = await user(app, 'ada');
    app.calls.reset();
    const answer = await client.get('/account');
    expect([answer.status, answer.json()]).toEqual([200, { userId: 'ada' }]);
    expect(app.calls.calls).toEqual(counts({ read: 1 }));
  });

  it('answers 401 to a stranger, without a store call or a cookie', async () => {
    const answer = await app.client().get('/account');
    expect(answer).toMatchObject({ status: 401, cookies: [] });
    expect(answer.headers.get('vary')).toBe('Cookie');
    expect(app.calls.total).toBe(0);
  });

  const SHUT_OUT: [string, () => Promise<Client>][] = [
    ['is anonymous', () => visitor(app)],
    [
      'logged out',
      async () => {
        const client = await user(app, 'ada');
        const thief = client.copy();
        await act(client, (session) => session.logout());
        return thief;
      },
    ],
    [
      'was away for too long',
      async () => {
        const client = await user(app, 'ada');
        app.clock.advance(30 * 60_000);
        return client;
      },
    ],
    [
      'was revoked',
      async () => {
        const client = await user(app, 'ada');
        await app.service.revoke((await seenBy(client)).id);
        return client;
      },
    ],
  ];

  it.each(SHUT_OUT)('answers 401 to who %s', async (_what, someone) => {
    const client = await someone();
    expect(await client.get('/account')).toMatchObject({ status: 401, cookies: [] });
  });

  it('B-9 answers 409 to who has a token that was replaced a moment ago, and 401 afterwards', async () => {
    const client = await user(app, 'ada');
    const tab = client.copy();
    await act(client, (session) => session.regenerate());
    app.events.length = 0;
    expect(await tab.get('/account')).toMatchObject({ status: 409, cookies: [] });
    expect(app.events.at(-1)).toMatchObject({ type: 'conflict', reason: 'retired' });
    app.clock.advance(31_000);
    expect(await tab.get('/account')).toMatchObject({ status: 401, cookies: [] });
  });

  it.each(['/imprint', '/open'])('leaves %s to everybody', async (path) => {
    const answer = await app.client().get(path);
    expect([answer.status, answer.text]).toEqual([200, 'for everybody']);
  });

  it('I-21 answers 503 when the store is down: nobody is taken for a stranger', async () => {
    const client = await user(app, 'ada');
    app.calls.fault = () => {
      throw new Error('down');
    };
    const answer = await client.get('/account');
    expect(answer).toMatchObject({ status: 503, cookies: [] });
    expect(answer.headers.get('retry-after')).toBe('1');
    expect((await client.get('/imprint')).status).toBe(200);
  });
});

describe('SessionAuthGuard for a named session', () => {
  @Controller('admin')
  class AdminController {
    @Get('login')
    login(@Session({ name: 'admin' }) session: AnySession) {
      session.login('root');
    }

    @Get()
    @UseGuards(new SessionAuthGuard('admin'))
    admin(@Session({ name: 'admin' }) session: AnySession) {
      return { userId: session.userId };
    }

    @Get('missing')
    @UseGuards(new SessionAuthGuard('nowhere'))
    missing() {}
  }

  let app: TestApp;

  beforeAll(async () => {
    const admin = SessionModule.forRoot(new MemorySessionStore(), { name: 'admin', cookie: { name: 'admin' } });
    app = await startApp({ controllers: [AdminController, ActionController], imports: [admin] });
  });

  afterAll(() => app.close());

  it('asks for that one, and no other will do', async () => {
    const client = await user(app, 'ada');
    expect((await client.get('/admin')).status).toBe(401);
    await client.get('/admin/login');
    expect((await client.get('/admin')).json()).toEqual({ userId: 'root' });
    expect((await seenBy(client)).userId).toBe('ada');
  });

  it('is a mistake of the application where there is none of that name', async () => {
    expect((await app.client().get('/admin/missing')).status).toBe(500);
  });
});
