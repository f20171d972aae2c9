// @ts-check
/** Real Redis servers for the tests: see redis.d.ts for what they promise. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { requireProgram } from './debian.js';
import { Keeper } from './server.keeper.js';

const run = promisify(execFile);

/** Replicas wait five seconds by default, for more of them to ask. */
const SETTINGS = { bind: '127.0.0.1', save: '', appendonly: 'no', 'repl-diskless-sync-delay': '0' };
const START_MS = 20_000;
const ATTEMPTS = 3;

/** @type {typeof import('./redis.d.ts').startRedis} */
export async function startRedis(settings = {}) {
  for (let attempt = 1; ; attempt++) {
    const server = new Server(await freePorts(), settings);
    try {
      await server.start();
      return server;
    } catch (error) {
      await server.stop();
      // Somebody was faster with the port.
      if (attempt === ATTEMPTS || !/in use/i.test(String(error))) throw error;
    }
  }
}

class Server {
  pid = 0;
  #end = Promise.resolve();
  #folder = fs.mkdtempSync(path.join(os.tmpdir(), 'nest-sessions-redis-'));
  #keeper = new Keeper(this.#folder);
  #isSentinel;

  /** @param {[port: number, busPort: number]} ports @param {Record<string, string>} settings */
  constructor([port, busPort], settings) {
    this.port = port;
    this.busPort = busPort;
    this.#isSentinel = Object.keys(settings).some((name) => name.startsWith('sentinel'));
    const cluster = settings['cluster-enabled'] ? { 'cluster-port': `${busPort}` } : {};
    const own = this.#isSentinel ? { bind: SETTINGS.bind } : { ...SETTINGS, ...cluster };
    const all = { port: `${port}`, dir: this.#folder, logfile: 'log', ...own, ...settings };
    const lines = Object.entries(all).map(([name, value]) => `${name} ${value || '""'}\n`);
    // A file, for Sentinel and failovers write into it who is whose replica.
    fs.writeFileSync(this.#path('redis.conf'), lines.join(''));
  }

  get url() {
    return `redis://127.0.0.1:${this.port}`;
  }

  async start() {
    const args = [this.#path('redis.conf'), ...(this.#isSentinel ? ['--sentinel'] : [])];
    const output = fs.openSync(this.#path('output'), 'w');
    // In a process group of its own: a terminal's Ctrl-C must not take it away before the tests have ended.
    const options = { cwd: this.#folder, detached: true, stdio: /** @type {const} */ (['ignore', output, output]) };
    const child = spawn(
      requireProgram('redis-server'),
      args,
      /** @type {import('node:child_process').SpawnOptions} */ (options),
    );
    fs.closeSync(output);
    child.unref();
    this.#watch(child.pid ?? 0);
    await once(child, 'spawn');
    this.#end = new Promise((resolve) => child.once('exit', () => resolve(this.#watch(0))));
    for (const giveUp = Date.now() + START_MS; !(await this.#answers()); await sleep(20)) {
      if (!this.pid || Date.now() > giveUp) throw this.#failure();
    }
  }

  /** @param {(string | number)[]} args */
  async command(...args) {
    const { stdout } = await run(requireProgram('redis-cli', 'redis-tools'), [
      '-e',
      '-p',
      `${this.port}`,
      ...args.map(String),
    ]);
    return stdout.trimEnd();
  }

  async stop() {
    // There is nothing that a graceful end would save.
    if (this.pid) await this.kill();
    await this.#keeper.finish();
  }

  pause() {
    if (this.pid) process.kill(this.pid, 'SIGSTOP');
  }

  resume() {
    if (this.pid) process.kill(this.pid, 'SIGCONT');
  }

  kill() {
    return this.#signal('SIGKILL');
  }

  async restart() {
    this.resume();
    await this.#signal('SIGTERM');
    await this.start();
  }

  /** @param {NodeJS.Signals} signal one that ends it. Waiting keeps this process alive, which the server does not. */
  async #signal(signal) {
    if (this.pid) process.kill(this.pid, signal);
    const alive = setInterval(() => {}, 1_000);
    await this.#end.finally(() => clearInterval(alive));
  }

  /** @param {number} pid 0 for none */
  #watch(pid) {
    this.pid = pid;
    this.#keeper.watch(pid);
  }

  /** Whether it serves. One that wants a password or a primary first does too. */
  async #answers() {
    try {
      return !(await this.command('PING')).startsWith('LOADING');
    } catch (error) {
      return /NOAUTH|MASTERDOWN/.test(String(error));
    }
  }

  #failure() {
    const read = (/** @type {string} */ name) => {
      return fs.existsSync(this.#path(name)) ? fs.readFileSync(this.#path(name), 'utf8').trim() : '';
    };
    const lines = `${read('log')}\n${read('output')}`.trim().split('\n').slice(-12);
    return new Error(['Redis did not start. Its log ends with:', ...lines].join('\n  '));
  }

  /** @param {string} name */
  #path(name) {
    return path.join(this.#folder, name);
  }
}

/** @returns {Promise<[number, number]>} two ports that are free now; somebody else may still be faster */
async function freePorts() {
  const probes = [createServer(), createServer()].map((probe) => probe.listen(0, '127.0.0.1'));
  await Promise.all(probes.map((probe) => once(probe, 'listening')));
  const ports = probes.map((probe) => /** @type {import('node:net').AddressInfo} */ (probe.address()).port);
  await Promise.all(probes.map((probe) => new Promise((resolve) => probe.close(resolve))));
  return /** @type {[number, number]} */ (ports);
}
