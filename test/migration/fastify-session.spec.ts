import fastifyCookie, { Signer } from '@fastify/cookie';
import fastifySessionOf, { type FastifySessionOptions } from '@fastify/session';
import fastify from 'fastify';
import type { SessionOptions } from 'nest-sessions';
import { fastifySession, type OldFastifyOptions } from 'nest-sessions/migration';
import { act, ActionController, NOBODY, seenBy } from '../support/actions.js';
import { startApp, type TestApp, type TestAppSettings } from '../support/app.js';
import { listen, memoryStore, movedTo, type OldApp, oldUser, SECRET, watched } from '../support/old-app.js';
import { LOADS } from '../support/use-app.js';

const OLD_SECRETS = ['a secret with minimum length of 32 characters', 'its predecessor, which is as long as that'];
const ADA = { userId: 'ada', isNew: false, data: { user: 'ada', cart: ['tea'] } };

const closing: { close(): Promise<void> }[] = [];
const store = watched(memoryStore());

async function startOld(options: Partial<FastifySessionOptions> = {}): Promise<OldApp> {
  const server = fastify();
  await server.register(fastifyCookie);
  await server.register(fastifySessionOf, {
    secret: OLD_SECRETS[0]!,
    cookie: { secure: false },
    store: store.store as unknown as FastifySessionOptions['store'],
    ...options,
  });
  server.get('/login/:user', (request) => {
    Object.assign(request.session, request.params);
    return Promise.resolve({});
  });
  server.get('/cart/:sku', (request) => {
    Object.assign(request.session, { cart: [(request.params as { sku: string }).sku] });
    return Promise.resolve({});
  });
  await server.listen({ port: 0, host: '127.0.0.1' });
  const old = await listen(server.server);
  closing.push({ close: async () => void (await old.close().then(() => server.close())) });
  return old;
}

async function takeOver(
  options: SessionOptions = {},
  old: Partial<OldFastifyOptions> = {},
  settings: Partial<TestAppSettings> = {},
): Promise<TestApp> {
  const migrateFrom = fastifySession(
    { secret: OLD_SECRETS[0]!, store: store.store, cookie: { secure: false }, ...old },
    { userId: ({ user }: { user?: string }) => user },
  );
  const app = await startApp({
    controllers: [ActionController],
    options: { secret: SECRET, migrateFrom, ...options },
    ...settings,
  });
  closing.push(app);
  Object.assign(store.calls, { get: 0, set: 0, destroy: 0 });
  return app;
}

afterEach(async () => {
  for (const { close } of closing.splice(0).toReversed()) await close();
});

describe.each(LOADS)('somebody whom @fastify/session knew, loading %s', (load) => {
  it.each(['express', 'fastify'] as const)(
    'is still logged in on %s, until the logout, and then no more',
    async (platform) => {
      const before = await oldUser(await startOld(), 'ada');
      const app = await takeOver({ load }, {}, { platform });
      const tabs = Array.from({ length: 20 }, () => movedTo(app, before));
      const seen = await Promise.all(tabs.map(seenBy));
      expect(seen).toEqual(seen.map(() => expect.objectContaining(ADA)));
      expect(new Set(tabs.map(({ jar }) => jar.get('sid'))).size).toBe(1);
      expect(tabs.map(({ jar }) => [...jar.keys()])).toEqual(tabs.map(() => ['sid']));
      expect(store.calls.get).toBe(1);
      await act(tabs[0]!, (session) => session.logout());
      for (const replay of [tabs[1]!, movedTo(app, before)]) expect(await seenBy(replay)).toEqual(NOBODY);
    },
  );
});

describe('what @fastify/session signed', () => {
  it.each<[string, Partial<FastifySessionOptions>, Partial<OldFastifyOptions>]>([
    ['one of several secrets', { secret: OLD_SECRETS }, { secret: OLD_SECRETS.toReversed() }],
    ['another algorithm', { algorithm: 'sha512' }, { algorithm: 'sha512' }],
    ['a signer', { secret: new Signer(OLD_SECRETS) }, { secret: new Signer(OLD_SECRETS) }],
    [
      'express-session’s prefix',
      { cookiePrefix: 's:', cookieName: 'connect.sid' },
      { cookiePrefix: 's:', cookieName: 'connect.sid' },
    ],
  ])('verifies by %s', async (_name, then, now) => {
    const before = await oldUser(await startOld(then), 'ada');
    expect(await seenBy(movedTo(await takeOver({}, now), before))).toMatchObject(ADA);
  });

  it.each(['abc', 'abc.', '.abc', 'abc%', `abc.${'A'.repeat(43)}`])(
    'D-1 costs no store call if it is forged: %s',
    async (value) => {
      for (const secret of [OLD_SECRETS, new Signer(OLD_SECRETS)]) {
        const app = await takeOver({}, { secret });
        const client = app.client();
        client.jar.set('sessionId', value);
        expect(await seenBy(client)).toEqual(NOBODY);
        expect(app.calls.total + store.calls.get).toBe(0);
      }
    },
  );
});
