import cookieSessionOf from 'cookie-session';
import express from 'express';
import { MemorySessionStore, type SessionOptions } from 'nest-sessions';
import { cookieSession, type OldCookieSessionOptions } from 'nest-sessions/migration';
import { act, ActionController, NOBODY, seenBy } from '../support/actions.js';
import { startApp, type TestApp, type TestAppSettings } from '../support/app.js';
import { movedTo, type OldApp, oldUser, routed, SECRET } from '../support/old-app.js';
import { counts, LOADS } from '../support/use-app.js';

const KEYS = ['newer key', 'older key'];
const OPTIONS = { name: 'express:sess', keys: KEYS };
const ADA = { userId: 'ada', isNew: false, data: { user: 'ada', cart: ['tea'] } };
const DAY = 24 * 3_600_000;

function startOld(options: CookieSessionInterfaces.CookieSessionOptions = OPTIONS): Promise<OldApp> {
  const app = express();
  app.use(cookieSessionOf(options));
  return routed(app, (request, user, done) => {
    Object.assign(request.session!, { user });
    done();
  });
}

let old: OldApp;
let started: TestApp[] = [];

async function takeOver(
  options: SessionOptions = {},
  given: OldCookieSessionOptions = OPTIONS,
  settings: Partial<TestAppSettings> = {},
): Promise<TestApp> {
  const moving = { userId: ({ user }: { user?: string }) => user, until: new Date(Date.now() + 30 * DAY) };
  const migrateFrom = cookieSession(given, moving);
  const app = await startApp({
    controllers: [ActionController],
    options: { secret: SECRET, migrateFrom, ...options },
    ...settings,
  });
  started.push(app);
  return app;
}

beforeAll(async () => {
  old = await startOld();
});

afterAll(() => old.close());

afterEach(async () => {
  for (const app of started.splice(0)) await app.close();
});

describe.each(LOADS)('somebody whom cookie-session knew, loading %s', (load) => {
  it.each(['express', 'fastify'] as const)('is still logged in on %s, once and for all tabs', async (platform) => {
    const before = await oldUser(old, 'ada');
    const app = await takeOver({ load }, OPTIONS, { platform });
    const tabs = Array.from({ length: 20 }, () => movedTo(app, before));
    const seen = await Promise.all(tabs.map(seenBy));
    expect(seen).toEqual(seen.map(() => expect.objectContaining(ADA)));
    expect(new Set(tabs.map(({ jar }) => jar.get('sid'))).size).toBe(1);
    expect(tabs.map(({ jar }) => [...jar.keys()])).toEqual(tabs.map(() => ['sid']));
    expect(await app.service.list('ada')).toHaveLength(1);
    app.calls.reset();
    expect(await seenBy(tabs[0]!)).toMatchObject(ADA);
    expect(app.calls.calls).toEqual(counts({ read: 1 }));
  });
});

describe('C-5 a copy of a cookie that was moved', () => {
  it('opens nothing after the logout, for as long as old cookies are looked at, and then neither', async () => {
    const before = await oldUser(old, 'ada');
    const app = await takeOver();
    const client = movedTo(app, before);
    await seenBy(client);
    await act(client, (session) => session.logout());
    for (let day = 0; day < 32; day++) {
      expect(await seenBy(movedTo(app, before))).toEqual(NOBODY);
      app.clock.advance(DAY);
      await app.service.sweep();
    }
  });

  it('I4 opens nothing after the session has expired', async () => {
    const before = await oldUser(old, 'ada');
    const app = await takeOver();
    await seenBy(movedTo(app, before));
    app.clock.advance(13 * 3_600_000);
    await app.service.sweep();
    expect(await seenBy(movedTo(app, before))).toEqual(NOBODY);
  });

  it('from before a change of its data is another cookie: what it is good for is told in the guide', async () => {
    const client = old.client();
    await client.get('/login/ada');
    const earlier = client.copy();
    await client.get('/cart/tea');
    const app = await takeOver();
    const moved = movedTo(app, client);
    await seenBy(moved);
    await act(moved, (session) => session.logout());
    expect(await seenBy(movedTo(app, earlier))).toMatchObject({ userId: 'ada', data: { user: 'ada' } });
    await app.service.revokeAll('ada');
    const another = old.client();
    await another.get('/login/ada');
    await another.get('/cart/pot');
    expect(await seenBy(movedTo(app, another))).toEqual(NOBODY);
  });

  it('C-1 is not moved by a second process that was slow', async () => {
    const before = await oldUser(old, 'ada');
    const store = new MemorySessionStore();
    const slow = await takeOver({}, OPTIONS, { store });
    const quick = await takeOver({}, OPTIONS, { store, clock: slow.clock });
    const { reached, release } = slow.calls.hold('create');
    const late = seenBy(movedTo(slow, before));
    await reached;
    const client = movedTo(quick, before);
    await seenBy(client);
    await act(client, (session) => session.logout());
    release();
    expect(await late).toEqual(NOBODY);
  });
});

describe('what cookie-session signed', () => {
  it.each([
    ['no signature', (value: string) => [value, '']],
    ['another signature', (value: string) => [value, 'A'.repeat(27)]],
    ['other data', (_value: string, signature: string) => ['eyJ1c2VyIjoiYm9iIn0=', signature]],
    ['no data', (_value: string, signature: string) => ['', signature]],
  ])('D-1 costs no store call if it is forged: %s', async (_name, forge) => {
    const { jar } = await oldUser(old, 'ada');
    const app = await takeOver();
    const client = app.client();
    const [value = '', signature = ''] = forge(jar.get(OPTIONS.name)!, jar.get(`${OPTIONS.name}.sig`)!);
    client.jar.set(OPTIONS.name, value).set(`${OPTIONS.name}.sig`, signature);
    expect(await seenBy(client)).toEqual(NOBODY);
    expect(app.calls.total).toBe(0);
  });

  it('may be signed with any of the keys, or by a key ring, and with none that was dropped', async () => {
    const before = await oldUser(old, 'ada');
    const verify = (text: string): boolean => text.startsWith('express:sess=');
    for (const keys of [['newest key', ...KEYS], { verify }]) {
      expect(await seenBy(movedTo(await takeOver({}, { ...OPTIONS, keys }), before))).toMatchObject(ADA);
    }
    const strict = await takeOver({}, { ...OPTIONS, keys: ['older key'] });
    expect(await seenBy(movedTo(strict, before))).toEqual(NOBODY);
  });

  it('is called session by default, and takes its only key as the secret', async () => {
    const plain = await startOld({ secret: 'older key' });
    const before = await oldUser(plain, 'ada');
    await plain.close();
    expect(await seenBy(movedTo(await takeOver({}, { secret: 'older key' }), before))).toMatchObject(ADA);
  });

  it('C-38 costs nobody anything if no data are in it', async () => {
    const app = await takeOver({}, { name: 'odd', keys: { verify: () => true } });
    const client = app.client();
    for (const data of ['{"half', 'null', '[]', '7']) {
      client.jar.set('odd', Buffer.from(data).toString('base64')).set('odd.sig', 'x');
      expect(await seenBy(client)).toEqual(NOBODY);
    }
    expect(app.calls.calls.create).toBe(0);
  });
});
