// @ts-check
/**
 * npm run bench:parts [-- <part of a name>]
 *
 * What the parts of a request take: time, the least and the median of many short samples, and bytes allocated. Parts that
 * do not wait are told to within some percent even on a busy machine, by the least; for what asks a server, the server
 * and the way to it are in the figure.
 */
import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { Child } from './child.js';
import { CONTESTANTS } from './contestants.js';
import { table } from './report.js';

const RESULTS = new URL('results/', import.meta.url);

/** Young enough to keep all that one sample allocates, so that it can be counted. */
const FLAGS = ['--expose-gc', '--min-semi-space-size=64', '--max-semi-space-size=64', '--no-warnings'];

/** Each in a process of its own: what V8 learned from one would slow down, or speed up, the next. */
const applications = CONTESTANTS.filter(({ needs, role }) => !needs && role !== 'peer');
const groups = [{ name: 'core' }, { name: 'stores' }, ...applications];

const only = process.argv[2] ?? '';
const rows = [];
for (const group of groups) {
  console.error(`bench: ${group.name}`);
  const child = new Child('parts/parts.process.js', { flags: FLAGS });
  try {
    rows.push(...(await child.ask('measure', { ...group, only })));
    await child.ask('finish');
  } finally {
    await child.stop();
  }
}
const report = `${table(['part', 'least', 'median', 'allocates'], rows)}\n\n${describeCounters()}\n`;
await mkdir(RESULTS, { recursive: true });
if (!only) await writeFile(new URL('parts.md', RESULTS), report);
console.log(report);

/** Instructions would be the same on a busy machine; virtual ones seldom let us count them. */
function describeCounters() {
  try {
    const args = ['stat', '-x,', '-o', '/dev/stdout', '-e', 'instructions:u', 'true'];
    const counts = execFileSync('perf', args, { stdio: ['ignore', 'pipe', 'ignore'], encoding: 'utf8' });
    if (/^\d+,/m.test(counts)) return 'Instructions: perf stat -e instructions:u npm run bench:parts -- <one part>.';
  } catch {
    // No perf here.
  }
  return 'This machine does not count instructions (`perf stat -e instructions`): times and bytes only.';
}
