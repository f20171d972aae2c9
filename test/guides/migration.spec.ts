import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import ts from 'typescript';
import { type RedisServer, startRedis } from '../../scripts/redis.js';
import { Client } from '../support/client.js';

const guide = readFileSync('docs/migration.md', 'utf8');
/** A file with its name above it: as it is, or as a diff. */
const BLOCK = /^\*\*`(?<file>[^`]+)`\*\*\n\n```(?<language>\w+)\n(?<text>[^]*?)^```$/gm;
const blocks = [...guide.matchAll(BLOCK)].map(({ groups }) => groups as Record<'file' | 'language' | 'text', string>);

/** The file as it was before, or as it is after. */
function textOf({ language, text }: (typeof blocks)[number], when: '-' | '+'): string {
  if (language !== 'diff') return text;
  const lines = text.split('\n').filter((line) => line.startsWith(' ') || line.startsWith(when));
  return lines.map((line) => line.slice(1)).join('\n');
}

const COMPILER = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
};

describe('the guide to moving', () => {
  let folder: string;
  let redis: RedisServer;
  let running: ChildProcess | undefined;

  beforeAll(async () => {
    redis = await startRedis();
    folder = mkdtempSync(join(tmpdir(), 'nest-sessions-moving-'));
    symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    for (const block of blocks) {
      for (const when of ['-', '+'] as const) {
        const file = join(folder, when === '-' ? 'before' : 'after', block.file.replace(/\.ts$/, '.js'));
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, ts.transpile(textOf(block, when), COMPILER));
      }
    }
  }, 60_000);

  afterEach(() => stop());

  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await redis.stop();
  });

  async function stop(): Promise<void> {
    if (!running || running.exitCode !== null) return;
    const ended = new Promise((done) => running!.once('exit', done));
    running.kill();
    await ended;
  }

  async function start(what: 'before' | 'after', port: number): Promise<void> {
    const { NODE_OPTIONS: _, ...env } = process.env;
    running = spawn(process.execPath, [join(folder, what, 'src/main.js')], {
      env: {
        ...env,
        PORT: `${port}`,
        REDIS_URL: redis.url,
        NODE_ENV: 'test',
        NEW_SESSION_SECRET: 'correct horse battery staple, thirty-two bytes',
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    while (running.exitCode === null) {
      if (await fetch(`http://127.0.0.1:${port}/profile`).catch(() => undefined)) return;
      await sleep(30);
    }
    throw new Error(`The application of the guide, ${what}, did not start.`);
  }

  it('leads, when followed to the letter, to an application that logs nobody out', async () => {
    const port = await freePort();
    const client = new Client(`http://127.0.0.1:${port}`);
    const cart = { user: 'ada', cart: ['tea', 'cup'] };
    await start('before', port);
    await client.post('/login/ada');
    await client.post('/cart/tea');
    await client.post('/cart/cup');
    expect((await client.get('/profile')).json()).toEqual(cart);
    const old = client.copy();
    expect([...old.jar.keys()]).toEqual(['connect.sid']);
    await stop();

    await start('after', port);
    expect((await client.get('/profile')).json()).toEqual(cart);
    expect([...client.jar.keys()]).toEqual(['sid']);
    await client.post('/cart/pot');
    expect((await client.get('/profile')).json()).toEqual({ ...cart, cart: [...cart.cart, 'pot'] });
    expect((await client.post('/logout')).status).toBe(201);
    for (const { jar } of [client, old]) {
      const replay = new Client(`http://127.0.0.1:${port}`);
      for (const [name, value] of jar) replay.jar.set(name, value);
      expect((await replay.get('/profile')).status).toBe(401);
    }
  }, 60_000);
});

/** A port that is free now; somebody else may still be faster. */
async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((done) => probe.once('listening', done));
  const { port } = probe.address() as AddressInfo;
  await new Promise((done) => probe.close(done));
  return port;
}
