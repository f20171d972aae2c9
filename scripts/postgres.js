// @ts-check
/** A real Postgres for the tests and for the demo: see postgres.d.ts for what it promises. */
import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createCluster, dropStaleLock, filesOf, isReady, keepCluster } from './postgres.cluster.js';
import { SPAWN, clusterHome, postgresUser, programs } from './postgres.host.js';
import { Keeper } from './server.keeper.js';

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '', // a socket's path has to be short, and ours may be long
  shared_buffers: '32MB',
  max_connections: '100',
};
/** For temporary clusters. Not synchronous_commit=off, which gains nothing here and loses commits in kill(). */
const FAST_AND_UNSAFE = { fsync: 'off', full_page_writes: 'off' };

const START_MS = 60_000;
/** How long a predecessor may take to let go of port and data: the last run under a watcher, say, or a killed server. */
const HANDOVER_MS = 3_000;

/** @type {typeof import('./postgres.d.ts').startPostgres} */
export async function startPostgres(options = {}) {
  try {
    return await start(options);
  } catch (error) {
    const wrong = error instanceof Error ? error.message : error;
    throw new Error(`${wrong}\nTo use a Postgres of yours instead, set DATABASE_URL.`, { cause: error });
  }
}

/** @param {import('./postgres.d.ts').PostgresOptions} options */
async function start({ dataDir, port, settings }) {
  const user = postgresUser();
  const bin = programs(user);
  const home = clusterHome(user, dataDir);
  const draft = dataDir ? `${home}.${randomUUID()}` : home;
  const keeper = new Keeper(draft);
  try {
    if (!fs.existsSync(filesOf(home).cluster)) {
      await createCluster(draft, { bin, user, keeper }, dataDir ? [] : ['--no-sync']);
      if (dataDir) keepCluster(draft, home);
    }
    const all = { ...SETTINGS, ...(dataDir ? {} : FAST_AND_UNSAFE), ...settings };
    const server = new Server(home, keeper, (log, at) => {
      const flags = Object.entries({ ...all, port: at }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
      const args = ['-D', filesOf(home).cluster, ...flags];
      // In a process group of its own: a terminal's Ctrl-C must not take the database away before the app has closed.
      return spawn(path.join(bin, 'postgres'), args, {
        ...SPAWN,
        ...user,
        detached: true,
        stdio: ['ignore', log, log],
      });
    });
    await server.start(port);
    return server;
  } catch (error) {
    await keeper.finish();
    throw error;
  }
}

class Server {
  port = 0;
  pid = 0;
  #end = Promise.resolve();

  /**
   * @param {string} home @param {Keeper} keeper
   * @param {(log: number, port: number) => import('node:child_process').ChildProcess} spawnServer
   */
  constructor(home, keeper, spawnServer) {
    this.dataDir = home;
    this.password = fs.readFileSync(filesOf(home).password, 'utf8');
    this.keeper = keeper;
    this.spawnServer = spawnServer;
  }

  get url() {
    return `postgres://postgres:${this.password}@127.0.0.1:${this.port}/postgres`;
  }

  /** @param {number} [port] */
  async start(port) {
    for (const giveUp = Date.now() + HANDOVER_MS; ; await sleep(200)) {
      this.port = port ?? (await freePort());
      try {
        return await this.#tryToStart();
      } catch (error) {
        if (!/ in use/.test(String(error)) || Date.now() > giveUp) throw error;
      }
    }
  }

  async #tryToStart() {
    dropStaleLock(this.dataDir);
    const log = fs.openSync(filesOf(this.dataDir).log, 'a', 0o600);
    const { size } = fs.fstatSync(log);
    const child = this.spawnServer(log, this.port);
    fs.closeSync(log);
    child.unref();
    this.#watch(child.pid ?? 0);
    await once(child, 'spawn');
    this.#end = new Promise((resolve) => child.once('exit', () => resolve(this.#watch(0))));
    for (const giveUp = Date.now() + START_MS; !isReady(this.dataDir, this.pid); await sleep(20)) {
      if (!this.pid || Date.now() > giveUp)
        throw failure(this, fs.readFileSync(filesOf(this.dataDir).log).subarray(size));
    }
  }

  /** @param {number} pid 0 for none */
  #watch(pid) {
    this.pid = pid;
    this.keeper.watch(pid);
  }

  stop() {
    return this.keeper.finish();
  }

  pause() {
    this.#signalAll('SIGSTOP');
  }

  resume() {
    this.#signalAll('SIGCONT');
  }

  kill() {
    this.#signalAll('SIGKILL');
    return this.#ended();
  }

  async restart() {
    this.resume();
    if (this.pid) process.kill(this.pid, 'SIGINT'); // fast shutdown
    await this.#ended();
    await this.start(this.port);
  }

  /** Waiting keeps this process alive, which the server itself does not. */
  async #ended() {
    const alive = setInterval(() => {}, 1_000);
    await this.#end.finally(() => clearInterval(alive));
  }

  /** @param {NodeJS.Signals} signal for the server and its connections, each of which is a process */
  #signalAll(signal) {
    if (!this.pid) return;
    process.kill(this.pid, 'SIGSTOP'); // it must not start another, or tidy up after one, in the meantime
    for (const pid of [...childrenOf(this.pid), this.pid]) process.kill(pid, signal);
  }
}

/** @param {number} pid @returns {number[]} */
function childrenOf(pid) {
  const onLinux = process.platform === 'linux';
  const list = onLinux ? fs.readFileSync(`/proc/${pid}/task/${pid}/children`) : execFileSync('pgrep', ['-P', `${pid}`]);
  return list.toString().split(/\s+/).filter(Boolean).map(Number);
}

/** @param {{ dataDir: string, port: number }} server @param {Buffer} output what it has logged since it was started */
function failure({ dataDir, port }, output) {
  const log = output.toString().trim();
  const reason = /(?:FATAL|PANIC): +(.*)/.exec(log)?.[1] ?? `not ready after ${START_MS / 1_000} s`;
  const holder = /lock file .* already exists[^]*\(PID (\d+)\)/.exec(log)?.[1];
  let what = `Postgres did not start: ${reason}. If that cannot be mended, and its data may go, delete ${dataDir}.`;
  if (log.includes('Address already in use'))
    what = `Port ${port} is in use by another program: stop it, or give another port.`;
  if (holder) what = `${dataDir} is in use by process ${holder}: stop it.`;
  return new Error([what, "The server's log ends with:", ...log.split('\n').slice(-12)].join('\n  '));
}

/** @returns {Promise<number>} a port that is free now; somebody else may still be faster */
async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (probe.address());
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
