import { EventEmitter, once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { Controller, Get, Post, Res, UseGuards } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { Response } from 'express';
import {
  MemorySessionStore,
  Session,
  SESSION_STORE,
  SessionAuthGuard,
  SessionConfigError,
  SessionModule,
  type SessionOptions,
  SessionService,
  type SessionStore,
  UnsupportedBySessionStoreError,
} from 'nest-sessions';
import { CookieSessionStore, type CookieSessionStoreOptions } from 'nest-sessions/cookie';
import { ManualClock } from 'nest-sessions/testing';
import { act, ActionController, type AnySession, begin, NOBODY, seenBy, user, visitor } from '../support/actions.js';
import { startApp, type TestApp, type TestAppSettings } from '../support/app.js';
import { attributesOf } from '../support/client.js';
import { watchCrashes } from '../support/crashes.js';
import { exchange, RawConnection } from '../support/raw.js';
import { at } from '../support/suite.js';
import { counts } from '../support/use-app.js';

const SECRET = 'correct horse battery staple, thirty-two bytes';
const OLD_SECRET = 'what was the secret before, of thirty-two bytes';
const MINUTE = 60_000;

const arrivals = new EventEmitter();

@Controller()
class ShopController {
  @Get('public')
  public() {
    return 'for everybody';
  }

  @Get('account')
  @UseGuards(SessionAuthGuard)
  account(@Session() session: AnySession) {
    return { userId: session.userId };
  }

  @Post('visit')
  visit(@Session() session: AnySession) {
    session.set('visited', true);
  }

  /** Writes what cannot be sealed, and is at work until its client has left. */
  @Post('leave')
  async leave(@Session() session: AnySession, @Res({ passthrough: true }) response: Response) {
    session.set('essay', 'x'.repeat(10_000));
    const closed = once(response, 'close');
    arrivals.emit('leave');
    await closed;
  }

  @Post('cart')
  add(@Session() session: AnySession, @Res() response: Response) {
    session.set('cart', 'x'.repeat(10_000));
    response.status(201).setHeader('X-Handler', 'was here').send('added');
  }
}

const started: TestApp[] = [];

afterAll(async () => {
  for (const app of started) await app.close();
});

/** An application that keeps its sessions in cookies. Calls that it counts are calls to the revocations. */
async function start(
  given: Partial<CookieSessionStoreOptions> | ((list: SessionStore) => CookieSessionStoreOptions),
  options: SessionOptions = {},
  settings: Partial<TestAppSettings> = {},
): Promise<TestApp> {
  const app = await startApp({
    controllers: [ActionController, ShopController],
    options: { secret: SECRET, ...options },
    source: (list) =>
      new CookieSessionStore(typeof given === 'function' ? given(list) : { acceptReplayFor: '90d', ...given }),
    ...settings,
  });
  started.push(app);
  return app;
}

const WITH_LIST = (list: SessionStore): CookieSessionStoreOptions => ({ revocations: list });

const MODES = [
  ['with revocations, loading eagerly', WITH_LIST, {}],
  ['with revocations, loading lazily', WITH_LIST, { load: 'lazy' }],
  ['with an accepted replay, loading eagerly', {}, {}],
  ['with an accepted replay, loading lazily', {}, { load: 'lazy' }],
] as const;

describe.each(MODES)('sessions in an encrypted cookie %s', (_mode, given, options) => {
  const isRevocable = given === WITH_LIST;
  let app: TestApp;
  watchCrashes();

  beforeAll(async () => {
    app = await start(given, options);
  });

  beforeEach(() => {
    app.clock.advance(24 * 60 * MINUTE);
    app.calls.reset();
    app.events.length = 0;
    app.log.length = 0;
  });

  it('B-1 a stranger who only reads gets no cookie and costs nothing', async () => {
    const client = app.client();
    const answer = await act(client, (session) => session.get('cart'));
    expect(answer).toMatchObject({ status: 200, cookies: [], result: undefined });
    expect(app.calls.total).toBe(0);
  });

  it('B-2 B-58 the first write gets the cookie that holds it, and it is all there is', async () => {
    const client = app.client();
    const answer = await act(client, (session) => session.set('card', '4111-1111').id);
    expect(answer.cookies).toHaveLength(1);
    expect(answer.cookies[0]).toMatch(/^sid=[\w-]+; Path=\/; HttpOnly; SameSite=Lax$/);
    const decoded = Buffer.from(client.jar.get('sid')!, 'base64url').toString('latin1');
    for (const secret of ['4111', answer.result]) expect(decoded).not.toContain(secret);
    expect(app.calls.total).toBe(0);
    expect(await seenBy(client)).toMatchObject({ id: answer.result, isNew: false, data: { card: '4111-1111' } });
    expect(app.calls.calls).toEqual(counts({ read: isRevocable ? 1 : 0 }));
  });

  it('B-20 B-21 what changes nothing sets no cookie', async () => {
    const client = await visitor(app);
    expect((await act(client, (session) => session.set('cart', session.get('cart')))).cookies).toEqual([]);
  });

  it('a login opens what the guard keeps, a logout closes it and takes the cookie', async () => {
    const client = await visitor(app);
    expect((await client.get('/account')).status).toBe(401);
    const [issued] = (await act(client, (session) => session.login('ada'))).cookies;
    expect((await client.get('/account')).json()).toEqual({ userId: 'ada' });
    const { cookies } = await act(client, (session) => session.logout());
    expect(cookies).toEqual([expect.stringMatching(/^sid=; .*Max-Age=0/)]);
    expect(attributesOf(cookies[0])).toEqual(attributesOf(issued));
    expect((await client.get('/account')).status).toBe(401);
  });

  it('C-5 R-16 a copy of the cookie is refused after the logout, if revocations are kept', async () => {
    const client = await user(app, 'ada');
    const thief = client.copy();
    await act(client, (session) => session.logout());
    expect((await thief.get('/account')).status).toBe(isRevocable ? 401 : 200);
    // Accepted or not: not for longer than the session could have lived.
    app.clock.advance(12 * 60 * MINUTE);
    expect((await thief.get('/account')).status).toBe(401);
  });

  it('C-7 I13 a cookie planted before the login shows nothing of after it', async () => {
    const client = await visitor(app);
    const planted = client.copy();
    await act(client, (session) => session.set('card', '4111').login('ada'));
    expect((await planted.get('/account')).status).toBe(401);
    expect((await seenBy(planted)).data).toEqual(isRevocable ? {} : { cart: ['tea'] });
  });

  it('B-63 C-1 an answer that was under way does not bring back what ended, if revocations are kept', async () => {
    const client = await user(app, 'ada');
    const slow = await begin(client.copy(), (session) => session.set('late', 1));
    const tab = client.copy();
    await act(client, (session) => session.logout());
    const answer = await slow.finish();
    expect(answer.status).toBe(isRevocable ? 409 : 200);
    expect(answer.cookies).toHaveLength(isRevocable ? 0 : 1);
    expect((await tab.get('/account')).status).toBe(isRevocable ? 401 : 200);
  });

  it('B-63 of two answers under way at once the later cookie wins, with all its fields', async () => {
    const client = await visitor(app);
    const first = await begin(client, (session) => session.set('a', 1));
    const second = await begin(client, (session) => session.set('b', 2));
    await first.finish();
    await second.finish();
    expect((await seenBy(client)).data).toEqual({ cart: ['tea'], b: 2 });
  });

  it('B-63 R-30 too much is a 500 before the first header, and the session before it stays', async () => {
    const client = await visitor(app);
    const before = client.jar.get('sid');
    const answer = await act(client, (session) => session.set('essay', 'secret'.repeat(1_000)));
    expect(answer).toMatchObject({ status: 500, cookies: [] });
    expect(answer.text).not.toContain('secret');
    expect(client.jar.get('sid')).toBe(before);
    expect((await seenBy(client)).data).toEqual({ cart: ['tea'] });
  });

  it('B-63 R-30 also when the handler has sent its answer itself', async () => {
    const answer = await app.client().post('/cart');
    expect(answer).toMatchObject({ status: 500, cookies: [] });
    expect(answer.headers.has('x-handler')).toBe(false);
    expect(answer.text).not.toContain('added');
    expect(app.log.join()).toMatch(/A session could not be saved; answered 500.*would be 13\d\d\d bytes.*\(40\d\d\)/);
  });

  it('B-25 a client that leaves before what it wrote turns out too large harms nobody', async () => {
    const connection = await RawConnection.open(app.port);
    const arrived = once(arrivals, 'leave');
    connection.send({ method: 'POST', path: '/leave', headers: { 'Content-Length': '0' } });
    await arrived;
    connection.destroy();
    await setImmediate();
    expect((await app.client().get('/public')).status).toBe(200);
  });

  it('DESIGN 2.4 an answer of 500 changes nothing, but ends what was to end', async () => {
    const client = await user(app, 'ada');
    const failed = await act(client, (session) => {
      session.set('cart', []);
      throw new Error('bug');
    });
    expect(failed).toMatchObject({ status: 500, cookies: [] });
    expect((await seenBy(client)).data).toEqual({});
    const ended = await act(client, (session) => {
      session.logout();
      throw new Error('bug');
    });
    expect(ended).toMatchObject({ status: 500, cookies: [expect.stringMatching(/^sid=; .*Max-Age=0/)] });
  });

  it('B-44 R-12 ends after its total, however busy', async () => {
    const client = await user(app, 'ada');
    for (let minutes = 0; minutes < 12 * 60; minutes += 29) {
      expect((await client.get('/account')).status).toBe(200);
      app.clock.advance(29 * MINUTE);
    }
    expect((await client.get('/account')).status).toBe(401);
  });

  it('R-37 a remembered session outlives the browser, for what is left of its total', async () => {
    const client = app.client();
    const { cookies } = await act(client, (session) => session.login('ada', { remember: true }));
    expect(cookies[0]).toContain('; Max-Age=7776000;');
    app.clock.advance(24 * 60 * MINUTE);
    const next = await act(client, (session) => session.set('a', 1));
    expect(next.cookies[0]).toContain(`; Max-Age=${89 * 24 * 3_600};`);
  });

  it('C-22 R-40 an answer with the cookie is for nobody else, and one that looked at it varies', async () => {
    const client = await visitor(app);
    app.clock.advance(MINUTE);
    const answer = await act(client, (session) => session.get('cart'));
    expect(answer.cookies).toHaveLength(1);
    expect(answer.headers.get('cache-control')).toBe('private, no-store');
    expect(answer.headers.get('vary')).toBe('Cookie');
  });

  it('C-28 no event and no log line has a cookie or a value in it', async () => {
    const client = await visitor(app, { card: '4111-1111' });
    const cookies = [client.jar.get('sid')!];
    await act(client, (session) => session.login('ada'));
    cookies.push(client.jar.get('sid')!);
    await act(client, (session) => session.set('essay', '4111-1111'.repeat(1_000)));
    await act(client, (session) => session.logout());
    const said = JSON.stringify([app.events, app.log]);
    for (const secret of [...cookies, '4111-1111', SECRET]) expect(said).not.toContain(secret);
    expect(app.events.length).toBeGreaterThan(2);
  });

  it('C-18 a cookie that somebody else has made is a stranger’s', async () => {
    const client = await user(app, 'ada');
    const good = client.jar.get('sid')!;
    for (const bad of [good.slice(1), good.slice(0, -1), `${good}A`, good.toLowerCase(), '', 'x', '{"userId":"ada"}']) {
      client.jar.set('sid', bad);
      expect((await client.get('/account')).status).toBe(401);
    }
    expect(app.calls.calls).toEqual(counts());
  });

  it('the service ends one by its id if it can, and says what it cannot do', async () => {
    const client = await user(app, 'ada');
    const { id } = await seenBy(client);
    await expect(app.service.list('ada')).rejects.toThrow(UnsupportedBySessionStoreError);
    await expect(app.service.revokeAll('ada')).rejects.toThrow(
      'CookieSessionStore cannot revoke the sessions of a user',
    );
    if (isRevocable) expect(await app.service.revoke(id)).toBe(true);
    else await expect(app.service.revoke(id)).rejects.toThrow(UnsupportedBySessionStoreError);
    expect((await client.get('/account')).status).toBe(isRevocable ? 401 : 200);
  });
});

describe('revocations that fail', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await start(WITH_LIST);
  });
  beforeEach(() => {
    app.clock.advance(MINUTE);
    app.calls.reset();
  });

  const fail = (verbs: readonly string[]): void => {
    app.calls.fault = (verb) => {
      if (verbs.includes(verb)) throw new Error('down');
    };
  };

  it('B-35 R-15 a logout that could not be remembered is a 503, and the cookie stays', async () => {
    const client = await user(app, 'ada');
    fail(['create', 'update']);
    const answer = await act(client, (session) => session.logout());
    expect(answer).toMatchObject({ status: 503, cookies: [] });
    expect(answer.headers.get('retry-after')).toBe('1');
    app.calls.reset();
    expect((await client.get('/account')).status).toBe(200);
  });

  it('B-69 who looks at a session waits for them to come back; who does not is served', async () => {
    const client = await user(app, 'ada');
    fail(['read']);
    expect((await client.get('/account')).status).toBe(503);
    expect((await client.get('/public')).status).toBe(200);
    expect((await act(app.client(), (session) => session.set('cart', []))).status).toBe(200);
  });

  it('C-22 a page that never looked at the session, but whose answer brings a new seal, varies too', async () => {
    const client = await user(app, 'ada');
    app.clock.advance(MINUTE);
    const answer = await client.get('/public');
    expect(answer.cookies).toHaveLength(1);
    expect(answer.headers.get('vary')).toBe('Cookie');
    expect(answer.headers.get('cache-control')).toBe('private, no-store');
  });
});

describe('B-10 R-47 F25 a secret that changes', () => {
  const clock = new ManualClock();

  async function during<T>(secret: string | string[], work: (app: TestApp) => Promise<T>): Promise<T> {
    const app = await start({}, { secret }, { clock });
    try {
      return await work(app);
    } finally {
    }
  }

  it('logs nobody out while the old one is in the list, and everybody when it is not', async () => {
    const client = await during(OLD_SECRET, (app) => user(app, 'ada'));
    const old = client.jar.get('sid');
    const rotated = await during([SECRET, OLD_SECRET], async (app) => {
      const visit = at(app, client);
      expect((await visit.get('/account')).cookies).toHaveLength(1);
      expect((await visit.get('/account')).cookies).toHaveLength(0);
      return visit;
    });
    expect(rotated.jar.get('sid')).not.toBe(old);
    await during(SECRET, async (app) => {
      expect((await at(app, rotated).get('/account')).status).toBe(200);
      expect((await at(app, client).get('/account')).status).toBe(401);
    });
  });
});

describe('large sessions', () => {
  const data = (length: number) => Array.from({ length }, (_, index) => `article ${index}`);

  it('compressed, a session of 20 KB fits into a cookie', async () => {
    const app = await start({ compress: true });
    const client = await visitor(app, { history: data(1_000) });
    expect([...client.jar.keys()]).toEqual(['sid']);
    expect((await seenBy(client)).data).toEqual({ history: data(1_000) });
  });

  it('D-12 in pieces, one of 8 KB takes three, and what is left of them goes when it shrinks', async () => {
    const app = await start({ chunks: 3 });
    const client = await visitor(app, { history: data(500) });
    expect([...client.jar.keys()]).toEqual(['sid.0', 'sid.1', 'sid.2']);
    expect((await seenBy(client)).data).toEqual({ history: data(500) });
    await act(client, (session) => session.set('history', data(300)));
    expect([...client.jar.keys()]).toEqual(['sid.0', 'sid.1']);
    await act(client, (session) => session.set('history', data(10)));
    expect([...client.jar.keys()]).toEqual(['sid']);
    await act(client, (session) => session.set('history', data(500)));
    expect([...client.jar.keys()].sort()).toEqual(['sid.0', 'sid.1', 'sid.2']);
    const torn = client.copy();
    torn.jar.delete('sid.1');
    expect(await seenBy(torn)).toEqual(NOBODY);
    await act(client, (session) => session.logout());
    expect(client.jar.size).toBe(0);
    expect((await act(app.client(), (session) => session.set('history', data(800)))).status).toBe(500);
  });

  it('pieces of two answers open nothing', async () => {
    const app = await start({ chunks: 2 });
    const client = await visitor(app, { history: data(300) });
    const mixed = client.copy();
    await act(client, (session) => session.set('history', data(301)));
    mixed.jar.set('sid.1', client.jar.get('sid.1')!);
    expect(await seenBy(mixed)).toEqual(NOBODY);
  });

  it('R-30 the largest that Node and the limits let through arrives whole', async () => {
    const app = await start({ chunks: 3 }, { cookie: { persistent: true } });
    const client = app.client();
    const { cookies } = await act(client, (session) => session.set('text', 'x'.repeat(8_700)));
    expect(cookies).toHaveLength(3);
    for (const line of cookies) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(4_096);
    expect((await seenBy(client)).data.text).toHaveLength(8_700);
  });
});

describe('the set-up of sessions in a cookie', () => {
  const boot = async (module: ReturnType<typeof SessionModule.forRoot>): Promise<void> => {
    const compiled = await Test.createTestingModule({ imports: [module] }).compile();
    await compiled.close();
  };
  const REPLAY = new CookieSessionStore({ acceptReplayFor: '90d' });

  it('R-48 needs a secret', async () => {
    await expect(boot(SessionModule.forRoot(REPLAY))).rejects.toThrow('there is no key to encrypt with');
  });

  it('R-16 needs a word about replays', async () => {
    const short = new CookieSessionStore({ acceptReplayFor: '1d' });
    const error = await boot(SessionModule.forRoot(short, { secret: SECRET })).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SessionConfigError);
    expect(String(error)).toContain("Write acceptReplayFor: '90d'");
    const shorter = { secret: SECRET, remember: { idle: '1d', absolute: '1d' } };
    await boot(SessionModule.forRoot(short, shorter));
    await expect(boot(SessionModule.forRoot(CookieSessionStore, { secret: SECRET }))).rejects.toThrow(
      SessionConfigError,
    );
  });

  it('takes a factory, and options from a factory', async () => {
    await boot(SessionModule.forRoot({ useFactory: () => REPLAY }, { secret: SECRET }));
    await boot(SessionModule.forRootAsync({ useFactory: () => ({ store: REPLAY, secret: SECRET }) }));
  });

  it('B-64 C-14 two sessions of one application are two, whatever is under whose name', async () => {
    const admin = SessionModule.forRoot(new CookieSessionStore({ acceptReplayFor: '90d' }), {
      name: 'admin',
      secret: SECRET,
      cookie: { name: 'admin' },
    });
    const app = await start({}, {}, { imports: [admin] });
    const client = await user(app, 'ada');
    client.jar.set('admin', client.jar.get('sid')!);
    const { result } = await act(client, async (_session, { request }) => {
      const service = app.app.get<SessionService>(Symbol.for('nest-sessions:SessionService:admin'));
      return (await service.of(request)).userId;
    });
    expect(result).toBeUndefined();
  });

  it('C-19 a session of the same name in another cookie is another one', async () => {
    const [one, two] = [await start({}), await start({}, { cookie: { name: 'other' } })];
    const client = await user(one, 'ada');
    const other = at(two, client);
    other.jar.set('other', client.jar.get('sid')!);
    expect((await other.get('/account')).status).toBe(401);
  });

  it('can be swapped for a store in a test', async () => {
    const module = await Test.createTestingModule({
      imports: [SessionModule.forRoot(REPLAY, { secret: SECRET })],
      controllers: [ActionController],
    })
      .overrideProvider(SESSION_STORE)
      .useValue(new MemorySessionStore())
      .compile();
    const service = module.get(SessionService);
    expect(await service.list('ada')).toEqual([]);
    await module.close();
  });

  it('R-39 warns about a cookie in pieces that a browser would drop, as about any other', async () => {
    const app = await start({ chunks: 2 }, { cookie: { secure: true } });
    const headers = { Host: 'shop.example', 'Content-Length': '0' };
    await exchange(app.port, { method: 'POST', path: '/visit', headers });
    expect(app.log.join()).toContain('over what looks like plain http');
  });
});
