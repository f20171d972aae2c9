// @ts-check
/**
 * npm run bench:scale [-- --most <sessions>] [-- --only <store>,…]
 *
 * Whether it stays as fast when there is more of it: sessions, data, connections, processes. Writes results/scale.md.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { Child } from './child.js';
import { ENGINES } from './engines.js';
import { table } from './report.js';
import { connections, data, startUp } from './scale/requests.js';
import { TARGETS } from './targets.js';

const RESULTS = new URL('results/', import.meta.url);

/** As many as each takes within minutes; a file's write waits for a disk, and there are folders to make. */
const MOST = /** @type {Record<string, number>} */ ({
  memory: 1e6,
  redis: 1e6,
  postgres: 1e6,
  memcached: 1e6,
  file: 1e5,
});
const SIZES = [1e3, 1e4, 1e5, 1e6, 1e7];
const SECONDS = 1;
const PROCESSES = [1, 2, 4];

const { values } = parseArgs({ options: { most: { type: 'string' }, only: { type: 'string' } } });
const only = values.only?.split(',') ?? Object.keys(ENGINES);
const most = Number(values.most ?? Infinity);

const sections = [
  ['Sessions', await sessionsSection()],
  ['Heap of a session in memory', await heapSection()],
  ['Data of a session', await data(tell)],
  ['Connections', await connections(tell)],
  ['Processes on one store', await processesSection()],
  ['Start-up', await startUp(tell)],
];
const report = `${sections.map(([title, text]) => `## ${title}\n\n${text}`).join('\n\n')}\n`;
await mkdir(RESULTS, { recursive: true });
await writeFile(new URL('scale.md', RESULTS), report);
console.log(report);

/** Every store, fuller and fuller. */
async function sessionsSection() {
  /** @type {string[][]} */
  const rows = [];
  for (const kind of only) {
    await withEngine(kind, async (address) => {
      const worker = new Child('scale/store.process.js');
      await worker.ask('connect', { kind, address });
      const limit = Math.min(most, Math.max(MOST[kind] ?? 0, most === Infinity ? 0 : most));
      for (const count of SIZES.filter((size) => size <= limit)) {
        tell(`${kind}: ${count.toLocaleString('en-US')} sessions`);
        rows.push([kind, count.toLocaleString('en-US'), ...(await figuresAt(worker, count))]);
      }
      await worker.stop();
    });
  }
  const columns = ['store', 'sessions', 'create/s', 'read', 'update', 'CPU of a read', 'heap', 'sweep of 1,000'];
  return table(columns, rows);
}

/** @param {Child} worker @param {number} count */
async function figuresAt(worker, count) {
  const created = await worker.ask('fill', { count });
  const read = await worker.ask('drive', { verb: 'read', seconds: SECONDS });
  const update = await worker.ask('drive', { verb: 'update', seconds: SECONDS });
  const swept = await worker.ask('sweep', { count: Math.min(1_000, count) });
  return [
    thousands(created.perSecond),
    `${thousands(read.perSecond)}/s`,
    `${thousands(update.perSecond)}/s`,
    `${read.cpu.toFixed(1)} µs`,
    `${(created.heap / 1e6).toFixed(0)} MB`,
    swept === undefined ? 'the engine itself' : `${swept.toFixed(1)} ms`,
  ];
}

/** Ours and the peers', with 200 bytes and with a kilobyte. */
async function heapSection() {
  const rows = [];
  for (const who of ['nest-sessions', 'express-session', '@fastify/session', 'memorystore']) {
    const beyond = [];
    for (const size of [200, 1_000]) {
      tell(`heap of ${who}, ${size} bytes`);
      const worker = new Child('scale/heap.process.js', { flags: ['--expose-gc'] });
      beyond.push(await worker.ask('beyondData', { who, size, count: 20_000 }));
      await worker.stop();
    }
    rows.push([who, ...beyond.map((bytes) => `${Math.round(bytes)} B`)]);
  }
  const wanted = `Wanted of ours: at most ${TARGETS.heapPerSessionBytes} bytes.`;
  return `${table(['store', 'beyond 200 B of data', 'beyond 1,000 B of data'], rows)}\n\n${wanted}`;
}

/** Workers that all read, and that all write, the same thousand sessions. */
async function processesSection() {
  /** @type {string[][]} */
  const rows = [];
  for (const kind of only.filter((one) => one !== 'memory')) {
    await withEngine(kind, async (address) => {
      for (const count of PROCESSES) {
        tell(`${kind}: ${count} processes`);
        const workers = Array.from({ length: count }, () => new Child('scale/store.process.js'));
        // One after the other: the first makes the tables.
        for (const worker of workers) await worker.ask('connect', { kind, address });
        const { ids } = await /** @type {Child} */ (workers[0]).ask('fill', { count: 1_000 });
        const sums = [];
        for (const verb of ['read', 'update']) {
          const all = await Promise.all(workers.map((worker) => worker.ask('drive', { verb, seconds: SECONDS, ids })));
          sums.push(all.reduce((sum, { perSecond }) => sum + perSecond, 0));
          if (verb === 'update' && all.some(({ refused }) => refused > 0)) throw new Error(`${kind} refused updates.`);
        }
        rows.push([kind, String(count), ...sums.map((sum) => `${thousands(sum)}/s`)]);
        for (const worker of workers) await worker.stop();
      }
    });
  }
  return table(['store', 'processes', 'reads together', 'updates together'], rows);
}

/** @param {string} kind @param {(address: string) => Promise<void>} work */
async function withEngine(kind, work) {
  const engine = await ENGINES[kind]?.start();
  if (!engine) throw new Error(`There is no store ${kind}. There are: ${Object.keys(ENGINES).join(', ')}.`);
  try {
    await work(engine.address);
  } finally {
    await engine.stop();
  }
}

/** @param {number} perSecond */
function thousands(perSecond) {
  return Math.round(perSecond).toLocaleString('en-US');
}

/** @param {string} what */
function tell(what) {
  console.error(`bench: ${what}`);
}
