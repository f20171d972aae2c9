// @ts-check
// Servers that tests need and npm has not: found on PATH, or installed from Debian.
import { execFileSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Debian keeps servers where the PATH of ordinary users does not lead. */
const FOLDERS = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/sbin'];

let listsUpdated = false;

/**
 * The path of a program. Installs its Debian package if it is missing and this user may.
 *
 * @param {string} program as in `redis-server`
 * @param {string} [debianPackage] what it comes in, if not a package of the same name
 */
export function requireProgram(program, debianPackage = program) {
  const found = find(program) ?? install(program, debianPackage);
  if (found) return found;
  throw new Error(
    `${program} is not installed, and the tests need it. Install it with: sudo apt-get install ${debianPackage}`,
  );
}

/** @param {string} program */
function find(program) {
  return FOLDERS.map((folder) => join(folder, program)).find(isExecutable);
}

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** @param {string} program @param {string} debianPackage */
function install(program, debianPackage) {
  if (process.getuid?.() !== 0 || !find('apt-get')) return undefined;
  console.log(`Installing ${debianPackage} from Debian, for ${program} …`);
  if (!listsUpdated) aptGet('update');
  listsUpdated = true;
  aptGet('install', '--no-install-recommends', debianPackage);
  return find(program);
}

/** @param {string[]} args */
function aptGet(...args) {
  // No service is to be started by the installation: the tests start servers of their own, on free ports.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  execFileSync('apt-get', ['-qq', '-y', ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] });
}
