import type { SessionData, Store } from 'express-session';
import { MemorySessionStore, type SessionOptions } from 'nest-sessions';
import { CookieSessionStore } from 'nest-sessions/cookie';
import { expressSession, type MovingOptions, type OldExpressOptions } from 'nest-sessions/migration';
import { act, ActionController, begin, NOBODY, seenBy } from '../support/actions.js';
import { startApp, type TestApp, type TestAppSettings } from '../support/app.js';
import type { Client } from '../support/client.js';
import {
  memoryStore,
  movedTo,
  OLD_SECRET,
  type OldApp,
  oldUser,
  SECRET,
  startOldExpress,
  watched,
} from '../support/old-app.js';
import { withPassport } from '../support/passport.js';
import { counts, LOADS } from '../support/use-app.js';

const ADA = { userId: 'ada', isNew: false, data: { passport: { user: 'ada' }, cart: ['tea'] } };

/** The old application, its store, and what takes over from it. All is closed after the test. */
class Ground {
  readonly old = watched(memoryStore());
  app!: OldApp;
  readonly #open: { close(): Promise<void> }[] = [];

  async start(options: Partial<OldExpressOptions> = {}): Promise<void> {
    this.app = await startOldExpress({ ...options, store: this.old.store } as Parameters<typeof startOldExpress>[0]);
    this.#open.push(this.app);
  }

  /** `store`: of the new sessions, for several processes that share it. */
  async takeOver(
    options: SessionOptions = {},
    moving: MovingOptions<{ passport: { user?: string } }> = {},
    old: Partial<OldExpressOptions> = {},
    settings: Partial<TestAppSettings> = {},
  ): Promise<TestApp> {
    const migrateFrom = expressSession({ secret: OLD_SECRET, store: this.old.store, ...old }, moving);
    const app = await startApp({
      controllers: [ActionController],
      options: { secret: SECRET, migrateFrom, ...options },
      ...settings,
    });
    this.#open.push(app);
    this.clear();
    return app;
  }

  clear(): void {
    Object.assign(this.old.calls, { get: 0, set: 0, destroy: 0 });
  }

  async close(): Promise<void> {
    for (const { close } of this.#open.splice(0).toReversed()) await close();
  }
}

let ground: Ground;

beforeEach(async () => {
  ground = new Ground();
  await ground.start();
});

afterEach(() => ground.close());

const logout = (client: Client) => act(client, (session) => session.logout());
const write = (client: Client) => act(client, (session) => void session.set('seen', true));
const secretsIn = (client: Client) => client.jar.get('sid');

describe.each(LOADS)('somebody whom express-session knew, loading %s', (load) => {
  describe.each(['express', 'fastify'] as const)('on %s', (platform) => {
    const takeOver = () => ground.takeOver({ load }, {}, {}, { platform });

    it('is still logged in, with everything there was, and has our cookie in place of the old one', async () => {
      const before = await oldUser(ground.app, 'ada');
      const app = await takeOver();
      const client = movedTo(app, before);
      expect(await seenBy(client)).toMatchObject(ADA);
      expect([...client.jar.keys()]).toEqual(['sid']);
      expect(ground.old.calls).toEqual({ get: 1, set: 0, destroy: 1 });
      expect(app.calls.calls).toEqual(counts({ read: 2, create: 2, update: 1, touch: 1 }));
      app.calls.reset();
      expect(await seenBy(client)).toMatchObject(ADA);
      expect(app.calls.calls).toEqual(counts({ read: 1 }));
      expect(ground.old.calls).toEqual({ get: 1, set: 0, destroy: 1 });
      expect(await app.service.list('ada')).toMatchObject([{ authenticatedAt: undefined }]);
    });

    it('twenty parallel first requests come to one session', async () => {
      const before = await oldUser(ground.app, 'ada');
      const app = await takeOver();
      const tabs = Array.from({ length: 20 }, () => movedTo(app, before));
      const seen = await Promise.all(tabs.map(seenBy));
      expect(seen).toEqual(seen.map(() => expect.objectContaining(ADA)));
      expect(new Set(seen.map(({ id }) => id)).size).toBe(1);
      expect(new Set(tabs.map(secretsIn)).size).toBe(1);
      expect(await app.service.list('ada')).toHaveLength(1);
      expect(app.calls.calls.create).toBe(2);
      expect(ground.old.calls.get).toBe(1);
    });

    it('I2 C-1 who logs out stays logged out, whichever cookie is replayed', async () => {
      const before = await oldUser(ground.app, 'ada');
      const app = await takeOver();
      const client = movedTo(app, before);
      await seenBy(client);
      const ours = client.copy();
      await logout(client);
      expect(client.jar.size).toBe(0);
      for (const thief of [ours, movedTo(app, before)]) expect(await seenBy(thief)).toEqual(NOBODY);
      expect(await app.service.list('ada')).toEqual([]);
    });

    it('I2 C-1 a logout as the very first request is one, and takes the old cookie away', async () => {
      const before = await oldUser(ground.app, 'ada');
      const app = await takeOver();
      const client = movedTo(app, before);
      await logout(client);
      expect(client.jar.size).toBe(0);
      expect(await seenBy(movedTo(app, before))).toEqual(NOBODY);
    });

    it('an outage of the old store is a 503, and loses nobody', async () => {
      const before = await oldUser(ground.app, 'ada');
      const app = await takeOver();
      const client = movedTo(app, before);
      for (const verb of ['get', 'destroy']) {
        ground.old.down = [verb];
        const answer = await write(client);
        expect(answer.status).toBe(503);
        expect(answer.headers.get('retry-after')).toBe('1');
        expect(answer.cookies).toEqual([]);
      }
      ground.old.down = [];
      expect(await seenBy(client)).toMatchObject(ADA);
      expect(await app.service.list('ada')).toHaveLength(1);
      await logout(client);
      expect(await seenBy(movedTo(app, before))).toEqual(NOBODY);
    });
  });
});

describe('code for express-session', () => {
  it('goes on with request.session: Passport finds its user, and logs out for good', async () => {
    const before = await oldUser(ground.app, 'ada');
    const app = await ground.takeOver({}, {}, {}, withPassport());
    const client = movedTo(app, before);
    expect((await client.get('/me')).json()).toMatchObject({ user: 'ada', userId: 'ada', data: ADA.data });
    await client.post('/logout');
    for (const replay of [client, movedTo(app, before)]) expect((await replay.get('/profile')).status).toBe(401);
  });
});

describe('an old cookie', () => {
  it.each([
    ['nothing', ''],
    ['no signature', 's%3Aabc'],
    ['an empty one', 's%3Aabc.'],
    ['no id', 's%3A.abc'],
    ['no mark', 'abc.def'],
    ['a broken escape', 's%3Aabc%'],
    ['another signature', `s%3Aabc.${'A'.repeat(43)}`],
  ])('D-1 that is forged costs no store call: %s', async (_name, value) => {
    const app = await ground.takeOver();
    const client = app.client();
    client.jar.set('connect.sid', value);
    expect(await seenBy(client)).toEqual(NOBODY);
    expect(app.calls.total).toBe(0);
    expect(ground.old.calls.get).toBe(0);
    expect(app.events.map(({ type, reason }) => [type, reason])).toEqual([
      ['rejected', expect.stringMatching(/malformed|signature/)],
    ]);
  });

  it('D-1 of which one character was changed costs no store call', async () => {
    const { jar } = await oldUser(ground.app, 'ada');
    const app = await ground.takeOver();
    const value = jar.get('connect.sid')!;
    for (const position of [8, value.indexOf('.') + 3]) {
      const client = app.client();
      const other = value[position] === 'A' ? 'B' : 'A';
      client.jar.set('connect.sid', value.slice(0, position) + other + value.slice(position + 1));
      expect(await seenBy(client)).toEqual(NOBODY);
    }
    expect(app.calls.total).toBe(0);
    expect(ground.old.calls.get).toBe(0);
  });

  it('may be signed with any of the old secrets, and with none that was dropped', async () => {
    const before = await oldUser(ground.app, 'ada');
    const app = await ground.takeOver({}, {}, { secret: ['newer', OLD_SECRET] });
    expect(await seenBy(movedTo(app, before))).toMatchObject(ADA);
    const other = await oldUser(ground.app, 'bob');
    const strict = await ground.takeOver({}, {}, { secret: ['newer'] });
    expect(await seenBy(movedTo(strict, other))).toEqual(NOBODY);
  });

  it('is cleared with the path and the domain that it was set with', async () => {
    const before = await oldUser(ground.app, 'ada');
    const cookie = { path: '/shop', domain: 'example.org', secure: true, partitioned: true };
    const app = await ground.takeOver({}, {}, { cookie });
    const { cookies } = await act(movedTo(app, before), () => {});
    expect(cookies.find((line) => line.startsWith('connect.sid='))).toMatch(
      /^connect\.sid=; Max-Age=0; Domain=example\.org; Path=\/shop; Expires=[^;]+; HttpOnly; Secure; Partitioned/,
    );
  });

  it('may have the name that ours has', async () => {
    await ground.close();
    ground = new Ground();
    await ground.start({ name: 'sid' });
    const before = await oldUser(ground.app, 'ada');
    const app = await ground.takeOver({}, {}, { name: 'sid' });
    const client = movedTo(app, before);
    expect(await seenBy(client)).toMatchObject(ADA);
    expect(await seenBy(client)).toMatchObject(ADA);
    expect(client.jar.get('sid')).not.toBe(before.jar.get('sid'));
    expect(ground.old.calls.get).toBe(1);
  });

  it('B-1 costs nothing where a token of ours is good', async () => {
    const before = await oldUser(ground.app, 'ada');
    const app = await ground.takeOver();
    const client = movedTo(app, before);
    await seenBy(client);
    client.jar.set('connect.sid', before.jar.get('connect.sid')!);
    app.calls.reset();
    ground.clear();
    expect(await seenBy(client)).toMatchObject(ADA);
    expect(app.calls.calls).toEqual(counts({ read: 1 }));
    expect(ground.old.calls.get).toBe(0);
  });

  it('is not looked at beside a token of ours that was replaced a moment ago', async () => {
    const [ada, bob] = [await oldUser(ground.app, 'ada'), await oldUser(ground.app, 'bob')];
    const app = await ground.takeOver();
    const client = movedTo(app, ada);
    await seenBy(client);
    const retired = client.copy();
    await act(client, (session) => session.regenerate());
    retired.jar.set('connect.sid', bob.jar.get('connect.sid')!);
    expect(await seenBy(retired)).toEqual(NOBODY);
    expect((await write(retired)).status).toBe(409);
    expect(ground.old.calls.get).toBe(1);
  });

  it('is not looked at any more when moving has come to its end', async () => {
    const before = await oldUser(ground.app, 'ada');
    const app = await ground.takeOver({}, { until: new Date(Date.now() + 3_600_000) });
    app.clock.advance(3_600_000);
    expect(await seenBy(movedTo(app, before))).toEqual(NOBODY);
    expect(ground.old.calls.get).toBe(0);
  });

  it('of nobody is not moved: there was nothing in it, or it has ended', async () => {
    const empty = ground.app.client();
    await empty.get('/login/ada');
    const app = await ground.takeOver();
    await new Promise((done) => ground.old.store.clear!(done));
    expect(await seenBy(movedTo(app, empty))).toEqual(NOBODY);
    expect(app.calls.calls.create).toBe(0);
  });

  it('B-50 of a session that has expired is not moved, though the store has it still', async () => {
    await ground.close();
    ground = new Ground();
    await ground.start({ cookie: { maxAge: 60_000 } });
    const before = await oldUser(ground.app, 'ada');
    const app = await ground.takeOver();
    app.clock.advance(61_000);
    expect(await seenBy(movedTo(app, before))).toEqual(NOBODY);
    expect(app.calls.calls.create).toBe(0);
  });
});

describe('C-1 C-2 what ended, or changed hands, while somebody was slow', () => {
  it('an old cookie opens nothing after a login, and writes nothing', async () => {
    const before = await oldUser(ground.app, 'ada');
    const app = await ground.takeOver();
    const [tab, late] = [movedTo(app, before), movedTo(app, before)];
    const slow = await begin(late, (session) => void session.set('late', true));
    await act(tab, (session) => session.login('bob'));
    const answer = await slow.finish();
    expect([answer.status, answer.cookies]).toEqual([409, []]);
    expect(await seenBy(movedTo(app, before))).toEqual(NOBODY);
    expect(await seenBy(tab)).toMatchObject({ userId: 'bob', data: {} });
  });

  it('I13 an old cookie that was planted is not logged in with', async () => {
    const planted = ground.app.client();
    await planted.get('/cart/bait');
    const app = await ground.takeOver();
    const victim = movedTo(app, planted);
    await act(victim, (session) => session.login('ada'));
    const thief = await act(movedTo(app, planted), (session) => session.userId);
    expect([thief.result, thief.cookies]).toEqual([undefined, []]);
    expect((await write(movedTo(app, planted))).status).toBe(409);
    app.clock.advance(31_000);
    expect(await seenBy(movedTo(app, planted))).toEqual(NOBODY);
    expect(await seenBy(victim)).toMatchObject({ userId: 'ada', data: { cart: ['bait'] } });
  });

  it('a request that was under way is sent no cookie over the one of a login', async () => {
    const before = await oldUser(ground.app, 'ada');
    const app = await ground.takeOver();
    const [tab, late] = [movedTo(app, before), movedTo(app, before)];
    const slow = await begin(late, () => {});
    await act(tab, (session) => session.login('ada'));
    const answer = await slow.finish();
    expect([answer.status, answer.cookies]).toEqual([200, []]);
  });

  it('an answer that was lost costs nobody the session', async () => {
    const before = await oldUser(ground.app, 'ada');
    const app = await ground.takeOver();
    await seenBy(movedTo(app, before));
    app.clock.advance(60_000);
    expect(await seenBy(movedTo(app, before))).toMatchObject(ADA);
  });

  it('I4 an old cookie does not make a session live again that has expired', async () => {
    const before = await oldUser(ground.app, 'ada');
    const app = await ground.takeOver({ idleTimeout: '10m' });
    await seenBy(movedTo(app, before));
    app.clock.advance(11 * 60_000);
    expect(await seenBy(movedTo(app, before))).toEqual(NOBODY);
  });
});

describe('C-1 what is left in the old store', () => {
  it('by an outage, of a session that was revoked meanwhile, is not moved later either', async () => {
    const before = await oldUser(ground.app, 'ada');
    const app = await ground.takeOver();
    ground.old.down = ['destroy'];
    expect((await write(movedTo(app, before))).status).toBe(503);
    const [listed] = await app.service.list('ada');
    await app.service.revoke(listed!.id);
    ground.old.down = [];
    app.clock.advance(13 * 3_600_000);
    await app.service.sweep();
    expect(await seenBy(movedTo(app, before))).toEqual(NOBODY);
  });

  it('by the old application, which wrote it back, is not moved after the logout of one who was remembered', async () => {
    const before = await oldUser(ground.app, 'ada');
    const [sid] = decodeURIComponent(before.jar.get('connect.sid')!).slice(2).split('.') as [string];
    const data = await new Promise<SessionData>((resolve) => ground.old.store.get(sid, (_, found) => resolve(found!)));
    const app = await ground.takeOver({}, { remember: () => true });
    const client = movedTo(app, before);
    await seenBy(client);
    app.clock.advance(13 * 3_600_000);
    await logout(client);
    await new Promise((done) => ground.old.store.set(sid, data, done));
    expect(await seenBy(movedTo(app, before))).toEqual(NOBODY);
  });
});

describe('two processes', () => {
  /** Two applications with one store, one old store and one clock. */
  async function givenTwo(options: SessionOptions = {}): Promise<[TestApp, TestApp]> {
    const store = new MemorySessionStore();
    const one = await ground.takeOver(options, {}, {}, { store });
    const { clock } = one;
    return [one, await ground.takeOver(options, {}, {}, { store, clock })];
  }

  it('come to one session, too', async () => {
    const before = await oldUser(ground.app, 'ada');
    const apps = await givenTwo();
    const tabs = Array.from({ length: 20 }, (_, nth) => movedTo(apps[nth % 2]!, before));
    const seen = await Promise.all(tabs.map(seenBy));
    expect(seen).toEqual(seen.map(() => expect.objectContaining(ADA)));
    expect(new Set(tabs.map(secretsIn)).size).toBe(1);
    expect(await apps[0].service.list('ada')).toHaveLength(1);
  });

  /** Holds the nth creation of one process: the first is the claim, the second the session. */
  function holdCreate(app: TestApp, nth: number): { release: () => void; reached: Promise<void> } {
    const gates = { release: () => {}, arrive: () => {} };
    const released = new Promise<void>((done) => (gates.release = done));
    const reached = new Promise<void>((done) => (gates.arrive = done));
    app.calls.fault = async (verb) => {
      if (verb !== 'create' || app.calls.calls.create !== nth) return;
      gates.arrive();
      await released;
    };
    return { release: () => gates.release(), reached };
  }

  it('C-1 one that was slow to claim does not bring back what another one moved, and ended', async () => {
    const before = await oldUser(ground.app, 'ada');
    const [slow, quick] = await givenTwo();
    const { reached, release } = holdCreate(slow, 1);
    const late = seenBy(movedTo(slow, before));
    await reached;
    const client = movedTo(quick, before);
    expect(await seenBy(client)).toMatchObject(ADA);
    await logout(client);
    release();
    expect(await late).toEqual(NOBODY);
    expect(await quick.service.list('ada')).toEqual([]);
  });

  it('C-1 one that was slow to create, and was taken for dead, brings back nothing either', async () => {
    const before = await oldUser(ground.app, 'ada');
    const [slow, quick] = await givenTwo({ storeTimeout: '10s', requestBudget: '10s' });
    const { reached, release } = holdCreate(slow, 2);
    const late = seenBy(movedTo(slow, before));
    await reached;
    quick.clock.advance(10_001);
    const client = movedTo(quick, before);
    expect(await seenBy(client)).toMatchObject(ADA);
    await logout(client);
    release();
    expect(await late).toEqual(NOBODY);
    expect(await quick.service.list('ada')).toEqual([]);
  });

  it('C-1 one that was taken for dead, and dies once it has created, leaves nothing that opens', async () => {
    const before = await oldUser(ground.app, 'ada');
    const [dying, quick] = await givenTwo({ storeTimeout: '10s', requestBudget: '10s' });
    const { reached, release } = holdCreate(dying, 2);
    const late = write(movedTo(dying, before));
    await reached;
    quick.clock.advance(10_001);
    const client = movedTo(quick, before);
    await seenBy(client);
    await logout(client);
    dying.calls.fault = () => {
      throw new Error('killed');
    };
    release();
    expect((await late).status).toBe(503);
    expect(await seenBy(movedTo(quick, before))).toEqual(NOBODY);
  });

  it('C-1 one that was slow to take over brings back nothing', async () => {
    const before = await oldUser(ground.app, 'ada');
    const [first, slow] = await givenTwo({ storeTimeout: '10s', requestBudget: '10s' });
    const creating = holdCreate(first, 2);
    const client = movedTo(first, before);
    const opened = seenBy(client);
    await creating.reached;
    slow.clock.advance(10_001);
    const takingOver = slow.calls.hold('update');
    const late = seenBy(movedTo(slow, before));
    await takingOver.reached;
    creating.release();
    expect(await opened).toMatchObject(ADA);
    await logout(client);
    takingOver.release();
    expect(await late).toEqual(NOBODY);
    expect(await slow.service.list('ada')).toEqual([]);
  });

  it('while one is creating, the other waits; a death in between loses nobody', async () => {
    const before = await oldUser(ground.app, 'ada');
    const [dying, next] = await givenTwo({ storeTimeout: '10s', requestBudget: '10s' });
    dying.calls.fault = (verb) => {
      if (verb === 'create' && dying.calls.calls.create === 2) throw new Error('killed');
    };
    expect((await write(movedTo(dying, before))).status).toBe(503);
    expect((await write(movedTo(next, before))).status).toBe(503);
    next.clock.advance(10_001);
    expect(await seenBy(movedTo(next, before))).toMatchObject(ADA);
    expect(await next.service.list('ada')).toHaveLength(1);
  });

  it('a death after each single call loses nobody and leaves one session, or none after a logout', async () => {
    for (let fatal = 1; ; fatal++) {
      const before = await oldUser(ground.app, 'ada');
      const [dying, next] = await givenTwo({ storeTimeout: '10s', requestBudget: '10s' });
      let done = 0;
      dying.calls.fault = () => {
        if (++done > fatal) throw new Error('killed');
      };
      const { status } = await write(movedTo(dying, before));
      next.clock.advance(10_001);
      const client = movedTo(next, before);
      expect((await seenBy(client)).userId).toBe('ada');
      expect(await next.service.list('ada')).toHaveLength(1);
      await logout(client);
      expect(await seenBy(movedTo(next, before))).toEqual(NOBODY);
      if (status === 200) break;
    }
  });
});

describe('while stores are down', () => {
  it('an outage of the new store is a 503, and loses nobody', async () => {
    const before = await oldUser(ground.app, 'ada');
    const app = await ground.takeOver();
    app.calls.fault = () => {
      throw new Error('down');
    };
    const client = movedTo(app, before);
    const answer = await write(client);
    expect([answer.status, answer.cookies]).toEqual([503, []]);
    app.calls.reset();
    expect(await seenBy(client)).toMatchObject(ADA);
  });

  it('F-26 an old store that never answers costs no more than the deadline', async () => {
    const before = await oldUser(ground.app, 'ada');
    const silent = Object.assign(Object.create(ground.old.store) as Store, { get: () => {} });
    const app = await ground.takeOver({ storeTimeout: 40 }, {}, { store: silent });
    const answer = await write(movedTo(app, before));
    expect([answer.status, answer.cookies]).toEqual([503, []]);
  });

  it('the old one is left alone after failing repeatedly, and who has a token of ours or none is not concerned', async () => {
    const before = await oldUser(ground.app, 'ada');
    const app = await ground.takeOver();
    const [ours, stranger] = [app.client(), app.client()];
    await write(ours);
    ground.old.down = ['get'];
    for (let time = 0; time < 7; time++) expect((await write(movedTo(app, before))).status).toBe(503);
    expect(ground.old.calls.get).toBe(5);
    expect((await write(ours)).status).toBe(200);
    expect((await write(stranger)).status).toBe(200);
  });

  it("with onStoreError 'anonymous' pages are shown, nothing is written and no cookie is set", async () => {
    const before = await oldUser(ground.app, 'ada');
    const app = await ground.takeOver({ onStoreError: 'anonymous' });
    const client = movedTo(app, before);
    ground.old.down = ['get'];
    const page = await act(client, (session) => session.userId);
    expect([page.status, page.result, page.cookies]).toEqual([200, undefined, []]);
    const answer = await write(client);
    expect([answer.status, answer.cookies]).toEqual([503, []]);
    ground.old.down = [];
    expect(await seenBy(client)).toMatchObject(ADA);
  });
});

describe('revokeAll', () => {
  it('R-17 reaches sessions that were not moved yet, and those of nobody else', async () => {
    const [ada, bob] = [await oldUser(ground.app, 'ada'), await oldUser(ground.app, 'bob')];
    const app = await ground.takeOver();
    expect(await app.service.revokeAll('ada')).toBe(0);
    expect(await seenBy(movedTo(app, ada))).toEqual(NOBODY);
    expect(await seenBy(movedTo(app, ada))).toEqual(NOBODY);
    expect(await seenBy(movedTo(app, bob))).toMatchObject({ userId: 'bob' });
  });

  it('R-17 meets one that is on its way', async () => {
    const before = await oldUser(ground.app, 'ada');
    const app = await ground.takeOver();
    app.calls.fault = async (verb) => {
      if (verb !== 'create' || app.calls.calls.create !== 2) return;
      app.calls.fault = undefined;
      await app.service.revokeAll('ada');
    };
    expect(await seenBy(movedTo(app, before))).toEqual(NOBODY);
    expect(await app.service.list('ada')).toEqual([]);
  });

  it('R-17 a process whose clock is behind takes back nothing of what another one has refused', async () => {
    const before = await oldUser(ground.app, 'ada');
    const [store, at] = [new MemorySessionStore(), Date.now() + 60_000];
    const ahead = await ground.takeOver({}, { loggedInAt: () => at }, {}, { store });
    const behind = await ground.takeOver({}, { loggedInAt: () => at }, {}, { store });
    ahead.clock.advance(120_000);
    await ahead.service.revokeAll('ada');
    await behind.service.revokeAll('ada');
    expect(await seenBy(movedTo(ahead, before))).toEqual(NOBODY);
  });

  it('spares a login after it, where the fields tell when that was', async () => {
    const before = await oldUser(ground.app, 'ada');
    const app = await ground.takeOver({}, { loggedInAt: () => Date.now() });
    app.clock.advance(-60_000);
    await app.service.revokeAll('ada');
    app.clock.advance(120_000);
    expect(await seenBy(movedTo(app, before))).toMatchObject(ADA);
  });
});

describe('what the new session is', () => {
  it('has the total of its login, where the fields tell when that was', async () => {
    const before = await oldUser(ground.app, 'ada');
    const app = await ground.takeOver({ absoluteTimeout: '2h' }, { loggedInAt: () => Date.now() - 3_600_000 });
    const client = movedTo(app, before);
    await seenBy(client);
    const [info] = await app.service.list('ada');
    expect(Date.now() - info!.authenticatedAt!).toBeGreaterThan(3_500_000);
    for (let minutes = 0; minutes < 60; minutes += 20) {
      expect(await seenBy(client)).toMatchObject(ADA);
      app.clock.advance(20.1 * 60_000);
    }
    expect(await seenBy(client)).toEqual(NOBODY);
  });

  it('I4 is none, if that total is over', async () => {
    const before = await oldUser(ground.app, 'ada');
    const app = await ground.takeOver({ absoluteTimeout: '2h' }, { loggedInAt: () => Date.now() - 7_300_000 });
    for (let time = 0; time < 2; time++) expect(await seenBy(movedTo(app, before))).toEqual(NOBODY);
    expect(ground.old.calls.destroy).toBe(1);
  });

  it('is remembered, if the fields say so', async () => {
    const before = await oldUser(ground.app, 'ada');
    const app = await ground.takeOver({}, { remember: () => true });
    const { cookies } = await act(movedTo(app, before), () => {});
    expect(cookies.find((line) => line.startsWith('sid='))).toContain('Max-Age=7776000');
  });

  it('belongs to whom the application says', async () => {
    const before = ground.app.client();
    await before.get('/cart/tea');
    const app = await ground.takeOver({}, { userId: () => 42 });
    expect(await seenBy(movedTo(app, before))).toMatchObject({ userId: '42', data: { cart: ['tea'] } });
  });

  it('C-38 has what can be kept: a damaged field loses nobody', async () => {
    const before = await oldUser(ground.app, 'ada');
    const cyclic: Record<string, unknown> = {};
    cyclic['self'] = cyclic;
    const get: Store['get'] = (sid, done) =>
      ground.old.store.get(sid, (error, data) =>
        done(error, data && Object.assign(data, { cyclic, id: { toJSON: () => 'abc', _bsontype: 1 }, 'a\0b': 1 })),
      );
    const app = await ground.takeOver(
      {},
      {},
      { store: Object.assign(Object.create(ground.old.store) as Store, { get }) },
    );
    expect(await seenBy(movedTo(app, before))).toMatchObject({ userId: 'ada', data: { ...ADA.data, id: 'abc' } });
    expect(app.events.filter(({ type }) => type === 'corrupt').map(({ reason }) => reason)).toEqual(['cyclic', 'a\0b']);
  });

  it("R-42 is nobody's, if what the application says is no id: strangers do not come to be one user", async () => {
    const stranger = ground.app.client();
    await stranger.get('/cart/tea');
    const app = await ground.takeOver({}, { userId: ({ passport }) => Number(passport?.user) });
    expect(await seenBy(movedTo(app, stranger))).toMatchObject({ userId: undefined, data: { cart: ['tea'] } });
  });

  it('is for the application to say: a mistake in that is a 500, and no outage of the old store', async () => {
    const [ada, bob] = [await oldUser(ground.app, 'ada'), await oldUser(ground.app, 'bob')];
    const app = await ground.takeOver(
      {},
      {
        userId({ passport }: { passport?: { user?: string } }) {
          if (passport?.user === 'ada') throw new TypeError('no such thing');
          return passport?.user;
        },
      },
    );
    for (let time = 0; time < 6; time++) expect((await write(movedTo(app, ada))).status).toBe(500);
    expect(await seenBy(movedTo(app, bob))).toMatchObject({ userId: 'bob' });
    expect(ground.old.calls.destroy).toBe(1);
  });

  it('cannot be a sealed one: two requests with one old cookie would not meet', async () => {
    const source = () => new CookieSessionStore({ keys: SECRET, acceptReplayFor: '90d' });
    await expect(ground.takeOver({}, {}, {}, { source })).rejects.toThrow(
      'SessionModule: migrateFrom needs a store on the server, and CookieSessionStore keeps sessions in their cookies.',
    );
  });

  it('is found under the keys there were, after a change of the secret', async () => {
    const before = await oldUser(ground.app, 'ada');
    const store = new MemorySessionStore();
    const one = await ground.takeOver({}, {}, {}, { store });
    const { id } = await seenBy(movedTo(one, before));
    const secret = ['another battery of forty horses, staple', SECRET];
    const next = await ground.takeOver({ secret }, {}, {}, { store, clock: one.clock });
    expect(await seenBy(movedTo(next, before))).toMatchObject({ id, userId: 'ada' });
    await logout(movedTo(next, before));
    expect(await seenBy(movedTo(next, before))).toEqual(NOBODY);
  });
});
