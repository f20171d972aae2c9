import { EventEmitter, once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { Controller, Get, Post, Res, UseGuards } from '@nestjs/common';
import type { Response } from 'express';
import { Session, SessionAuthGuard, UnsupportedBySessionStoreError } from 'nest-sessions';
import {
  act,
  type Action,
  ActionController,
  type AnySession,
  begin,
  seenBy,
  user,
  visitor,
} from '../support/actions.js';
import type { TestApp } from '../support/app.js';
import { attributesOf } from '../support/client.js';
import { CookieApps, KEY, MODES, WITH_LIST } from '../support/cookie-app.js';
import { watchCrashes } from '../support/crashes.js';
import { RawConnection } from '../support/raw.js';
import { counts } from '../support/use-app.js';

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

const SHOP = { controllers: [ActionController, ShopController] };

const apps = new CookieApps();

afterAll(() => apps.close());

describe.each(MODES)('sessions in an encrypted cookie %s', (_mode, given, options) => {
  const isRevocable = given === WITH_LIST;
  let app: TestApp;
  watchCrashes();

  beforeAll(async () => {
    app = await apps.start(given, options, SHOP);
  });

  beforeEach(() => {
    app.clock.advance(24 * 60 * MINUTE);
    app.calls.reset();
    app.events.length = 0;
    app.log.length = 0;
  });

  it('I15 costs the revocations a read for each session that comes, one for each that changes; without them nothing', async () => {
    const client = app.client();
    const cost = async (action: Action<unknown>): Promise<typeof app.calls.calls> => {
      app.calls.reset();
      expect((await act(client, action)).status).toBe(200);
      return { ...app.calls.calls };
    };
    const paid = (expected: Parameters<typeof counts>[0]) => (isRevocable ? counts(expected) : counts());
    expect(await cost((session) => session.get('cart'))).toEqual(counts());
    expect(await cost((session) => session.set('cart', ['tea']))).toEqual(counts());
    expect(await cost((session) => session.get('cart'))).toEqual(paid({ read: 1 }));
    expect(await cost((session) => session.set('cart', []))).toEqual(paid({ read: 2 }));
    expect(await cost((session) => session.update('visits', (visits) => Number(visits ?? 0) + 1))).toEqual(
      paid({ read: 2 }),
    );
    expect(await cost((session) => session.flash('notice', 'hello'))).toEqual(paid({ read: 2 }));
    expect(await cost((session) => session.login('ada', { remember: true }))).toEqual(paid({ read: 1, create: 1 }));
    expect(await cost((session) => session.regenerate())).toEqual(paid({ read: 1, create: 1, update: 1 }));
    expect(await cost((session) => session.logout())).toEqual(paid({ read: 1, create: 1, update: 1 }));
    expect(await cost((session) => session.get('cart'))).toEqual(counts());
  });

  it('what is left for the next request is read once, unless it is kept', async () => {
    const client = app.client();
    await act(client, (session) => session.flash('notice', 'hello'));
    const kept = await act(client, (session) => {
      const taken = session.flashes('notice');
      session.keepFlashes();
      return taken;
    });
    expect(kept.result).toEqual(['hello']);
    expect((await act(client, (session) => session.flashes('notice'))).result).toEqual(['hello']);
    expect((await act(client, (session) => session.flashes('notice'))).result).toEqual([]);
  });

  it('B-34 destroy() ends it, and a write afterwards starts another', async () => {
    const client = await user(app, 'ada');
    const before = await seenBy(client);
    await act(client, (session) => {
      session.destroy();
      session.set('cart', ['milk']);
    });
    const after = await seenBy(client);
    expect(after).toMatchObject({ userId: undefined, data: { cart: ['milk'] } });
    expect(after.id).not.toBe(before.id);
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
    expect((await planted.get('/account')).status).toBe(isRevocable ? 409 : 401);
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
    for (const secret of [...cookies, '4111-1111', KEY]) expect(said).not.toContain(secret);
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
    app = await apps.start(WITH_LIST, {}, SHOP);
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
