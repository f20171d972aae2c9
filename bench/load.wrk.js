// @ts-check
/** wrk as the load generator: one core of it is enough for any application here. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { coreTimes } from './starvation.js';

const SCRIPT = fileURLToPath(new URL('wrk.lua', import.meta.url));
/** It takes whole seconds, and ends earlier when it is interrupted. */
const LONGEST = '60s';

export const hasWrk = !spawnSync('wrk', ['-v']).error;

/** @param {import('./load.process.js').Load} load @returns {Promise<import('./load.process.js').LoadResult>} */
export async function fireWithWrk({ port, method, path, body, cookies, connections, seconds }) {
  const folder = mkdtempSync(join(tmpdir(), 'nest-sessions-bench-'));
  const file = join(folder, 'cookies');
  writeFileSync(file, cookies.map((cookie) => `${cookie}\n`).join(''));
  const script = ['-s', SCRIPT, `http://127.0.0.1:${port}`, '--', method, path, file, body];
  const wrk = spawn('wrk', ['-t1', `-c${connections}`, `-d${LONGEST}`, ...script], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  try {
    let output = '';
    for (const stream of [wrk.stdout, wrk.stderr]) stream.on('data', (chunk) => (output += chunk));
    await once(wrk, 'spawn');
    const ended = once(wrk, 'close');
    await sleep(seconds * 1_000);
    const { ran, waited } = coreTimes(wrk.pid);
    wrk.kill('SIGINT');
    const [, signal] = await ended;
    // It had not even begun.
    if (signal) return { answers: 0, perSecond: 0, p50: 0, p99: 0, milliseconds: 0, waited: 0, failures: 0, busy: 0 };
    const line = /^\{.*\}$/m.exec(output)?.[0];
    if (!line) throw new Error(`wrk gave no result:\n${output}`);
    const { answers, microseconds, p50, p99, failures } = JSON.parse(line);
    const milliseconds = microseconds / 1e3;
    const perSecond = (answers / microseconds) * 1e6;
    return {
      answers,
      perSecond,
      p50: p50 / 1e3,
      p99: p99 / 1e3,
      milliseconds,
      waited,
      failures,
      busy: ran / milliseconds,
    };
  } finally {
    wrk.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}
