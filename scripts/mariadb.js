// @ts-check
/** A real MariaDB for the tests: see mariadb.d.ts for what it promises. */
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { requireProgram } from './debian.js';
import { SPAWN, clusterHome, postgresUser } from './postgres.host.js';
import { Keeper } from './server.keeper.js';

/** Nothing here outlives the server. What is committed still outlives kill(), for the operating system has it. */
const FAST_AND_UNSAFE = {
  'innodb-flush-log-at-trx-commit': '2',
  'innodb-flush-method': 'nosync',
  'innodb-doublewrite': '0',
  'innodb-log-file-size': '4M',
  'innodb-buffer-pool-size': '32M',
  'innodb-data-file-path': 'ibdata1:4M:autoextend',
  'innodb-temp-data-file-path': 'ibtmp1:4M:autoextend',
};
const START_MS = 20_000;
const ATTEMPTS = 3;

/** @type {typeof import('./mariadb.d.ts').startMariadb} */
export async function startMariadb(settings = {}) {
  const user = postgresUser(); // MariaDB refuses to run as root, too
  const home = clusterHome(user);
  const keeper = new Keeper(home);
  try {
    const password = await createDatabase(home, user);
    for (let attempt = 1; ; attempt++) {
      const server = new Server(await freePort(), { home, keeper, password, settings, user });
      try {
        await server.start();
        return server;
      } catch (error) {
        // Somebody was faster with the port.
        if (attempt === ATTEMPTS || !/in use/i.test(String(error))) throw error;
      }
    }
  } catch (error) {
    await keeper.finish();
    throw error;
  }
}

/**
 * The system tables, as mariadb-install-db makes them, but for the help texts: half a second instead of three, and no need
 * for the packages that it comes with.
 * @param {string} home @param {import('./postgres.host.js').User} user @returns {Promise<string>} root's password
 */
async function createDatabase(home, user) {
  fs.mkdirSync(home, { mode: 0o700 });
  if (user.uid !== undefined && user.gid !== undefined) fs.chownSync(home, user.uid, user.gid);
  const program = requireProgram('mariadbd', 'mariadb-server-core');
  const share = path.resolve(fs.realpathSync(program), '../../share/mysql');
  const password = randomBytes(18).toString('base64url');
  const made = promisify(execFile)(program, ['--no-defaults', '--bootstrap', ...flags(home, {})], {
    ...SPAWN,
    ...user,
  });
  made.child.stdin?.end(
    [
      'CREATE DATABASE mysql;\nUSE mysql;\nSET @auth_root_socket = NULL;',
      ...['', '_data'].map((part) => fs.readFileSync(path.join(share, `mysql_system_tables${part}.sql`), 'utf8')),
      `UPDATE global_priv SET Priv = JSON_SET(Priv, '$.plugin', 'mysql_native_password',
         '$.authentication_string', PASSWORD('${password}')) WHERE User = 'root';`,
      'CREATE DATABASE test CHARACTER SET utf8mb4;\n',
    ].join('\n'),
  );
  await made.catch((/** @type {Error & { stderr?: string }} */ error) => {
    throw new Error(`MariaDB did not make its system tables: ${error.stderr?.trim() || error.message}`);
  });
  return password;
}

/** @param {string} home @param {Record<string, string>} settings */
function flags(home, settings) {
  const all = { datadir: home, ...FAST_AND_UNSAFE, ...settings };
  return Object.entries(all).map(([name, value]) => `--${name}=${value}`);
}

class Server {
  pid = 0;
  #end = Promise.resolve();
  #host;

  /**
   * @param {number} port
   * @param {{ home: string, keeper: Keeper, password: string, settings: Record<string, string>,
   *   user: import('./postgres.host.js').User }} host
   */
  constructor(port, host) {
    this.port = port;
    this.#host = host;
  }

  get url() {
    return `mysql://root:${this.#host.password}@127.0.0.1:${this.port}/test`;
  }

  async start() {
    const { home, settings, user } = this.#host;
    const own = { port: `${this.port}`, 'bind-address': '127.0.0.1', socket: path.join(home, 'socket') };
    // With its signals for debuggers SIGINT ends it, which is what the keeper sends first.
    const args = ['--no-defaults', '--debug-gdb', '--skip-name-resolve', ...flags(home, { ...own, ...settings })];
    // In a process group of its own: a terminal's Ctrl-C must not take it away before the tests have ended.
    const child = spawn(requireProgram('mariadbd', 'mariadb-server-core'), args, {
      ...SPAWN,
      ...user,
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
    for (const giveUp = Date.now() + START_MS; !log.includes('ready for connections'); await sleep(20)) {
      if (this.pid && Date.now() < giveUp) continue;
      const lines = log.trim().split('\n').slice(-12);
      throw new Error(['MariaDB did not start. Its log ends with:', ...lines].join('\n  '));
    }
  }

  async stop() {
    // There is nothing that a graceful end would save.
    if (this.pid) await this.kill();
    await this.#host.keeper.finish();
  }

  pause() {
    if (this.pid) process.kill(this.pid, 'SIGSTOP');
  }

  resume() {
    if (this.pid) process.kill(this.pid, 'SIGCONT');
  }

  /** Waiting keeps this process alive, which the server does not. */
  async kill() {
    if (this.pid) process.kill(this.pid, 'SIGKILL');
    const alive = setInterval(() => {}, 1_000);
    await this.#end.finally(() => clearInterval(alive));
  }

  async restart() {
    await this.kill();
    await this.start();
  }

  /** @param {number} pid 0 for none */
  #watch(pid) {
    this.pid = pid;
    this.#host.keeper.watch(pid);
  }
}

/** @returns {Promise<number>} a port that is free now; somebody else may still be faster */
async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (probe.address());
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
