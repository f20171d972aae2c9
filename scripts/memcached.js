// @ts-check
/** A real memcached for the tests: see memcached.d.ts for what it promises. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { requireProgram } from './debian.js';
import { Keeper } from './server.keeper.js';

const START_MS = 20_000;
const ATTEMPTS = 3;

/** @type {typeof import('./memcached.d.ts').startMemcached} */
export async function startMemcached(...flags) {
  for (let attempt = 1; ; attempt++) {
    const server = new Server(await freePort(), flags);
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
  // Empty, for memcached writes nothing; the keeper wants one to delete.
  #keeper = new Keeper(mkdtempSync(join(tmpdir(), 'nest-sessions-memcached-')));
  #flags;

  /** @param {number} port @param {string[]} flags */
  constructor(port, flags) {
    this.port = port;
    const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : []; // it refuses to run as root
    this.#flags = ['-l', '127.0.0.1', '-p', `${port}`, '-U', '0', ...user, ...flags];
  }

  get address() {
    return `127.0.0.1:${this.port}`;
  }

  async start() {
    // In a process group of its own: a terminal's Ctrl-C must not take it away before the tests have ended.
    const child = spawn(requireProgram('memcached'), this.#flags, {
      cwd: '/',
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let log = '';
    child.stderr.on('data', (chunk) => (log += chunk));
    /** @type {import('node:net').Socket} */ (child.stderr).unref();
    child.unref();
    this.#watch(child.pid ?? 0);
    await once(child, 'spawn');
    this.#end = new Promise((resolve) => child.once('exit', () => resolve(this.#watch(0))));
    for (const giveUp = Date.now() + START_MS; !(await this.#answers()); await sleep(10)) {
      if (!this.pid || Date.now() > giveUp) throw new Error(`memcached did not start. It says: ${log.trim()}`);
    }
  }

  /** @param {string} text */
  async command(text) {
    const socket = connect(this.port, '127.0.0.1');
    socket.end(`${text}\r\nquit\r\n`);
    let answer = '';
    for await (const chunk of socket) answer += chunk;
    return answer.split('\r\n').slice(0, -1);
  }

  async stats() {
    const lines = (await this.command('stats')).map((line) => line.split(' '));
    return Object.fromEntries(lines.filter(([word]) => word === 'STAT').map(([, name, value]) => [name, value]));
  }

  async stop() {
    // There is nothing that a graceful end would save.
    if (this.pid) await this.kill();
    await this.#keeper.finish();
  }

  async pause() {
    if (!this.pid) return;
    process.kill(this.pid, 'SIGSTOP');
    while (!hasStopped(this.pid)) await sleep(1);
  }

  resume() {
    if (this.pid) process.kill(this.pid, 'SIGCONT');
  }

  kill() {
    return this.#signal('SIGKILL');
  }

  async restart() {
    await this.kill();
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

  /** Whether it is this one that answers, and not whoever else has the port. */
  async #answers() {
    try {
      return (await this.stats())['pid'] === `${this.pid}`;
    } catch {
      return false;
    }
  }
}

/** @param {number} pid whether all its threads have taken notice of SIGSTOP; where that cannot be seen, let us hope so */
function hasStopped(pid) {
  if (process.platform !== 'linux') return true;
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.every((thread) => /^State:\tT/m.test(readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8')));
}

/** @returns {Promise<number>} a port that is free now; somebody else may still be faster */
async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (probe.address());
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
