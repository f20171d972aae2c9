// @ts-check
/** Real processes for the tests of FileSessionStore: see file.d.ts for what they promise. */
import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { transformFileSync } from '@swc/core';
import { Keeper } from './server.keeper.js';

const SOURCES = fileURLToPath(new URL('../libs/session/src', import.meta.url));
/** Where Linux has a file system in memory. */
const MEMORY = '/dev/shm';
const SCRIPTS = ['file.process.js', 'file.steps.js'];

/** @type {typeof import('./file.d.ts').openFileLab} */
export async function openFileLab({ disk = false } = {}) {
  const root = !disk && fs.existsSync(MEMORY) ? MEMORY : tmpdir();
  const scratch = fs.mkdtempSync(path.join(root, 'nest-sessions-file-'));
  fs.chmodSync(scratch, 0o755); // for processes of other users
  const keeper = new Keeper(scratch);
  const code = path.join(scratch, 'code');
  const directory = () => fs.mkdtempSync(path.join(scratch, 'store-'));
  /** @type {Set<Process>} */
  const processes = new Set();
  return {
    directory,
    async start(options = {}) {
      if (!fs.existsSync(code)) compile(code);
      const started = new Process(code, keeper, { ...options, directory: options.directory ?? directory() });
      processes.add(started);
      await started.call('ready');
      return started;
    },
    async close() {
      await Promise.all([...processes].map((started) => started.kill()));
      await keeper.finish();
    },
  };
}

/** The store as JavaScript: a process of its own has no Jest to transform it. @param {string} target */
function compile(target) {
  for (const folder of ['core', 'stores/file']) {
    for (const name of fs.readdirSync(path.join(SOURCES, folder))) {
      if (!name.endsWith('.ts') || name.endsWith('.spec.ts')) continue;
      const { code } = transformFileSync(path.join(SOURCES, folder, name), {
        configFile: false,
        swcrc: false,
        jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
        module: { type: 'es6' },
      });
      write(path.join(target, folder, name.replace(/\.ts$/, '.js')), code);
    }
  }
  for (const name of SCRIPTS) write(path.join(target, name), fs.readFileSync(new URL(name, import.meta.url)));
  write(path.join(target, 'package.json'), '{"type":"module"}');
}

/** @param {string} file @param {string | Buffer} content */
function write(file, content) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, content);
}

class Process {
  acknowledged = 0;
  #calls = 0;
  /** @type {Map<number, { resolve: (value: any) => void, reject: (error: Error) => void }>} */
  #waiting = new Map();

  /** @param {string} code @param {Keeper} keeper @param {import('./file.d.ts').FileLabOptions & { directory: string }} options */
  constructor(code, keeper, { bytes, directory, openFiles, uid, ...options }) {
    this.keeper = keeper;
    this.directory = directory;
    const script = path.join(code, 'file.process.js');
    const limits = openFiles ? `ulimit -n ${openFiles} && ` : '';
    const mount = bytes ? `mount -t tmpfs -o size=${bytes},mode=700 tmpfs "$0" && ` : '';
    // fork() of a shell that becomes node: the channel of messages is inherited.
    const shell = ['-c', `${mount}${limits}exec "$@"`, this.directory, process.execPath];
    const [command, ...before] = bytes ? [...namespace(), '/bin/sh', ...shell] : ['/bin/sh', ...shell];
    this.child = fork(script, [JSON.stringify({ ...options, directory: this.directory })], {
      execPath: command,
      execArgv: before,
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      uid,
      gid: uid,
      cwd: '/',
    });
    this.pid = this.child.pid ?? 0;
    this.ended = once(this.child, 'exit').then(() => this.#end());
    this.child.on('message', (message) => this.#receive(message));
  }

  /** @param {string} method @param {unknown[]} args @returns {Promise<any>} */
  call = (method, ...args) => {
    return new Promise((resolve, reject) => {
      const id = ++this.#calls;
      this.#waiting.set(id, { resolve, reject });
      this.child.send({ id, method, args }, (error) => error && reject(error));
    });
  };

  pause() {
    this.keeper.watch(this.pid); // a stopped process does not notice that we are gone
    process.kill(this.pid, 'SIGSTOP');
  }

  resume() {
    process.kill(this.pid, 'SIGCONT');
    this.keeper.watch(0);
  }

  async stopped() {
    while (!/^State:\s+T/m.test(fs.readFileSync(`/proc/${this.pid}/status`, 'utf8'))) await sleep(2);
    this.keeper.watch(this.pid);
  }

  async kill() {
    this.child.kill('SIGKILL');
    await this.ended;
  }

  /** @param {any} message */
  #receive({ acknowledged, error, id, result }) {
    if (acknowledged !== undefined) this.acknowledged = acknowledged;
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error) waiting?.reject(Object.assign(new Error(error.message), error));
    else waiting?.resolve(result);
  }

  #end() {
    for (const { reject } of this.#waiting.values()) reject(new Error('The process has ended.'));
    this.#waiting.clear();
  }
}

/** The command that makes a namespace for mounts. It ends, with all that was mounted, when its last process does. */
function namespace() {
  return process.getuid?.() === 0 ? ['unshare', '--mount'] : ['unshare', '--mount', '--user', '--map-root-user'];
}

/** @type {typeof import('./file.d.ts').canMount} */
export function canMount() {
  const [command = '', ...args] = [...namespace(), 'mount', '-t', 'tmpfs', 'tmpfs', tmpdir()];
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}
