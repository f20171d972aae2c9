// @ts-check
/** Who runs where. The load generator must not take time from what it measures. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** @typedef {{ app: string, load: string, rest: string }} Cores as taskset takes them; `rest`: databases and ourselves */

/** @returns {Cores | undefined} `undefined`: this machine does not let us choose, and its scheduler decides */
export function chooseCores() {
  const [app, load, ...rest] = allowedCores();
  if (app === undefined || load === undefined || spawnSync('taskset', ['--version']).error) return undefined;
  return { app, load, rest: rest.length > 0 ? rest.join(',') : load };
}

/** Moves this process, and with it what it starts from here on: the database servers. @param {Cores} cores */
export function moveThere({ rest }) {
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', rest, String(process.pid)]);
}

/** @param {Cores | undefined} cores @param {boolean} withDatabase */
export function describeCores(cores, withDatabase) {
  if (!cores) return 'Nothing was pinned to a core: no `taskset` here, or one core only.';
  const { app, load, rest } = cores;
  const placed = `The application under test ran on core ${app}, the load generator on core ${load}`;
  const database = rest === load ? ', and so did the servers' : `, the servers on ${rest}`;
  return `${placed}${withDatabase ? database : ''}.`;
}

/** A container may be given some of the cores only. @returns {string[]} */
function allowedCores() {
  try {
    const list = /^Cpus_allowed_list:\s*(.+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
    return list.split(',').flatMap((range) => {
      const [from = NaN, to = from] = range.split('-').map(Number);
      return Array.from({ length: to - from + 1 }, (_, index) => String(from + index));
    });
  } catch {
    // Not Linux: nothing to pin with either.
    return [];
  }
}
