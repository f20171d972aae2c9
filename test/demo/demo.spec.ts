import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startMemcached } from '../../scripts/memcached.js';
import { startRedis } from '../../scripts/redis.js';
import { Client } from '../support/client.js';
import { openMariadb } from '../support/mariadb.js';
import { openDatabase } from '../support/postgres.js';

const SECRET = 'a secret of the demo, for as long as the test';

/** The demo as `npm start` runs it, on a port of its own. */
class Shop {
  private constructor(
    private readonly process: ChildProcess,
    readonly url: string,
    private readonly output: readonly string[],
  ) {}

  /** What it has printed until now. */
  get said(): string {
    return this.output.join('');
  }

  static async open(env: Record<string, string>): Promise<Shop> {
    const port = await freePort();
    const child = spawn(process.execPath, ['dist/main.js'], {
      env: { ...process.env, NODE_OPTIONS: '', NODE_ENV: 'development', SESSION_SECRET: SECRET, PORT: port, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said: string[] = [];
    child.stdout.on('data', (chunk) => said.push(String(chunk)));
    child.stderr.on('data', (chunk) => said.push(String(chunk)));
    const ended = once(child, 'exit');
    while (!said.join('').includes('Ctrl-C')) {
      const exit = await Promise.race([ended, once(child.stdout, 'data').then(() => undefined)]);
      if (exit) throw new Error(said.join(''));
    }
    return new Shop(child, `http://127.0.0.1:${port}`, said);
  }

  client(): Client {
    return new Client(this.url);
  }

  /** Ctrl-C, and the code it ends with. */
  async close(): Promise<unknown> {
    const ended = once(this.process, 'close');
    this.process.kill('SIGINT');
    const [code] = await ended;
    return code;
  }
}

async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return String(port);
}

interface Ground {
  readonly env: Record<string, string>;
  readonly lasts: boolean;
  readonly lists: boolean;
  close(): Promise<unknown>;
}

/** What the stores of the demo stand on. */
const GROUNDS: Record<string, () => Promise<Ground>> = {
  async memory() {
    return { env: {}, lasts: false, lists: true, close: async () => {} };
  },
  async postgres() {
    const { close, url } = await openDatabase();
    return { env: { DATABASE_URL: url }, lasts: true, lists: true, close };
  },
  file: openDirectory,
  async cookie() {
    return { env: {}, lasts: true, lists: false, close: async () => {} };
  },
  async mariadb() {
    const { close, server } = await openMariadb();
    return { env: { MARIADB_URL: server.url }, lasts: true, lists: true, close };
  },
  async sqlite() {
    const directory = await mkdtemp(path.join(tmpdir(), 'nest-sessions-demo-'));
    const close = () => rm(directory, { recursive: true });
    return { env: { SQLITE_FILE: path.join(directory, 'shop.sqlite') }, lasts: true, lists: true, close };
  },
  async express() {
    return { env: {}, lasts: false, lists: false, close: async () => {} };
  },
  async redis() {
    const server = await startRedis();
    return { env: { REDIS_URL: server.url }, lasts: true, lists: true, close: () => server.stop() };
  },
  async memcached() {
    const server = await startMemcached();
    return { env: { MEMCACHED_SERVER: server.address }, lasts: true, lists: false, close: () => server.stop() };
  },
  encrypted: openDirectory,
  tiered: () => both('postgres', 'redis'),
  migrating: () => both('postgres', 'file'),
};

async function openDirectory(): Promise<Ground> {
  const directory = await mkdtemp(path.join(tmpdir(), 'nest-sessions-demo-'));
  const close = () => rm(directory, { recursive: true });
  return { env: { SESSION_DIRECTORY: path.join(directory, 'sessions') }, lasts: true, lists: true, close };
}

async function both(...names: readonly [string, string]): Promise<Ground> {
  const [one, other] = await Promise.all(names.map((name) => GROUNDS[name]!()));
  const close = () => Promise.all([one!.close(), other!.close()]);
  return { env: { ...one!.env, ...other!.env }, lasts: true, lists: true, close };
}

describe.each(Object.keys(GROUNDS))('SESSION_STORE=%s npm start', (name) => {
  let ground: Ground;
  let shop: Shop;
  beforeAll(async () => {
    ground = await GROUNDS[name]!();
    shop = await Shop.open({ SESSION_STORE: name, ...ground.env });
  });
  afterAll(async () => {
    await shop.close();
    await ground.close();
  });

  it('knows its customers, keeps their carts, and strangers get a 401', async () => {
    const ada = shop.client();
    expect((await ada.get('/profile')).status).toBe(401);
    await ada.post('/cart', { sku: 'shortbread', qty: 2 });
    const before = ada.cookieHeader;
    expect((await ada.post('/login', { user: 'ada' })).json()).toMatchObject({ user: 'ada' });
    expect(ada.cookieHeader).not.toBe(before);
    expect((await ada.get('/profile')).json()).toMatchObject({ user: 'ada' });
    expect((await ada.get('/cart')).text).toContain('shortbread');
    await ada.post('/logout');
    expect((await ada.get('/profile')).status).toBe(401);
  });

  it('a message is shown once, on the page after', async () => {
    const headers = { accept: 'text/html' };
    const ada = shop.client();
    await ada.post('/login', { user: 'ada' }, { headers });
    expect((await ada.get('/', { headers })).text).toContain('Welcome, ada.');
    expect((await ada.get('/', { headers })).text).not.toContain('Welcome, ada.');
  });

  it('lists devices and signs them out, where the store can', async () => {
    const [phone, laptop] = [shop.client(), shop.client()];
    await phone.post('/login', { user: 'grace' });
    await laptop.post('/login', { user: 'grace' });
    const listed = await laptop.get('/devices');
    if (!ground.lists) {
      expect(listed.status).toBe(501);
      return;
    }
    const other = listed.json<{ id: string; current: boolean }[]>().find(({ current }) => !current);
    expect((await laptop.send('DELETE', `/devices/${other!.id}`)).status).toBe(200);
    expect((await phone.get('/profile')).status).toBe(401);
    expect((await laptop.get('/profile')).status).toBe(200);
  });

  it('says where the sessions are, ends cleanly, and opens again', async () => {
    const ada = shop.client();
    await ada.post('/login', { user: 'ada' });
    expect(shop.said).toContain('Its sessions are kept in');
    expect(await shop.close()).toBe(0);
    shop = await Shop.open({ SESSION_STORE: name, ...ground.env });
    const again = shop.client();
    for (const [cookie, value] of ada.jar) again.jar.set(cookie, value);
    expect((await again.get('/profile')).status).toBe(ground.lasts ? 200 : 401);
  });
});

describe('SESSION_STORE=migrating npm start, after SESSION_STORE=file', () => {
  it('nobody is logged out', async () => {
    const ground = await GROUNDS['migrating']!();
    const old = await Shop.open({ SESSION_STORE: 'file', ...ground.env });
    const ada = old.client();
    await ada.post('/login', { user: 'ada' });
    await old.close();
    const shop = await Shop.open({ SESSION_STORE: 'migrating', ...ground.env });
    const again = shop.client();
    for (const [cookie, value] of ada.jar) again.jar.set(cookie, value);
    expect((await again.get('/profile')).json()).toMatchObject({ user: 'ada' });
    await shop.close();
    await ground.close();
  });
});

describe('SESSION_STORE=express npm start', () => {
  it.each([
    ['says what such a store does not guarantee', ''],
    ['says nothing, when Node is told to', '--disable-warning=NEST_SESSIONS_WEAK_STORE'],
  ])('%s', async (_what, options) => {
    const shop = await Shop.open({ SESSION_STORE: 'express', NODE_OPTIONS: options });
    await shop.close();
    expect(shop.said.includes('[NEST_SESSIONS_WEAK_STORE]')).toBe(options === '');
  });
});

describe('what is wrong is told', () => {
  it.each([
    [{ SESSION_STORE: 'disk' }, "SESSION_STORE is 'disk', and must be one of 'postgres', 'memory'"],
    [{ PORT: 'http' }, "PORT is 'http', and must be a number"],
    [{ SESSION_STORE: 'redis', REDIS_URL: 'redis://127.0.0.1:1' }, 'Is that where Redis is? See REDIS_URL.'],
    [{ SESSION_STORE: 'memcached', MEMCACHED_SERVER: 'x' }, "MEMCACHED_SERVER is 'x', and must be host:port."],
    [{ DATABASE_URL: 'postgres://ada:hunter2@127.0.0.1:1/shop' }, 'Is that where Postgres is? See DATABASE_URL.'],
    [{ DATABASE_URL: 'ada:hunter2' }, 'DATABASE_URL must look like postgres://'],
  ])('%j', async (env, told) => {
    const refusal: Error = await Shop.open(env).then(
      () => Promise.reject(new Error('It opened.')),
      (error: Error) => error,
    );
    expect(refusal.message).toContain(`The shop cannot open: `);
    expect(refusal.message).toContain(told);
    expect(refusal.message).not.toContain('hunter2');
  });
});
