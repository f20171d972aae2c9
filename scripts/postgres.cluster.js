// @ts-check
/**
 * A cluster's files. Its home holds `cluster/`, `password` and `server.log`. If root starts the server, the first two
 * belong to the server's user and the home to root, so that nothing which that user does can divert what root writes.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { SPAWN, moveInto } from './postgres.host.js';

/** @param {string} home */
export const filesOf = (home) => ({
  cluster: path.join(home, 'cluster'),
  password: path.join(home, 'password'),
  log: path.join(home, 'server.log'),
});

/**
 * @param {string} home a folder that is not there yet
 * @param {{ bin: string, user: import('./postgres.host.js').User, keeper: import('./server.keeper.js').Keeper }} host
 * @param {string[]} flags more flags for initdb
 */
export async function createCluster(home, { bin, user, keeper }, flags) {
  const { cluster, password } = filesOf(home);
  fs.mkdirSync(home, { mode: 0o700 });
  fs.mkdirSync(cluster, { mode: 0o700 });
  fs.writeFileSync(password, randomBytes(18).toString('base64url'), { mode: 0o600 });
  if (user.uid !== undefined && user.gid !== undefined) {
    fs.chmodSync(home, 0o755);
    for (const file of [cluster, password]) fs.chownSync(file, user.uid, user.gid);
  }
  const args = ['-D', cluster, '-U', 'postgres', '--auth=scram-sha-256', `--pwfile=${password}`, '--encoding=UTF8'];
  args.push('--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--no-instructions', ...flags);
  const initdb = promisify(execFile)(path.join(bin, 'initdb'), args, { ...SPAWN, ...user });
  keeper.watch(initdb.child.pid ?? 0);
  await initdb.catch((/** @type {Error & { stderr?: string }} */ error) => {
    throw new Error(`Postgres's initdb failed in ${home}: ${error.stderr?.trim() || error.message}`);
  });
  keeper.watch(0);
}

/** @param {string} draft @param {string} home */
export function keepCluster(draft, home) {
  moveInto(draft, home);
  if (fs.existsSync(filesOf(home).cluster)) return;
  throw new Error(`${home} holds something else than a cluster: empty it, or name another folder.`);
}

/**
 * Postgres heeds a lock file as long as there is a process of that number. After a crash and a reboot that may be any
 * process; Linux tells, as Postgres works in its data folder. Where we cannot look, Postgres judges by itself.
 * @param {string} home
 */
export function dropStaleLock(home) {
  const { cluster } = filesOf(home);
  try {
    const [pid] = readLock(home);
    if (fs.readlinkSync(`/proc/${pid}/cwd`) !== fs.realpathSync(cluster))
      fs.rmSync(path.join(cluster, 'postmaster.pid'));
  } catch {
    // No lock, no such process, not ours to see, or no /proc.
  }
}

/** @param {string} home @param {number} [pid] whether this very server takes connections */
export function isReady(home, pid) {
  try {
    const lock = readLock(home);
    return Number(lock[0]) === pid && lock[7]?.trim() === 'ready';
  } catch {
    return false;
  }
}

const readLock = (/** @type {string} */ home) =>
  fs.readFileSync(path.join(filesOf(home).cluster, 'postmaster.pid'), 'utf8').split('\n');
