// @ts-check
/**
 * npm run bench:durability
 *
 * What it costs that Postgres has a session on its disk before the answer leaves, and what each way of not waiting brings.
 * Writes results/durability.md.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { Client } from 'pg';
import { startPostgres } from '../scripts/postgres.js';
import { POOL_SIZE } from './apps/application.js';
import { ENGINES, newRecord } from './engines.js';
import { table } from './report.js';

const RESULTS = new URL('results/', import.meta.url);
const ROUNDS = 5;
const SECONDS = 2;
const CONCURRENT = [1, 32];
const SESSIONS = 64;

/** As a server in earnest has it. */
const SAFE = { fsync: 'on', full_page_writes: 'on' };

/** @type {{ title: string, durability?: 'relaxed', sql?: string }[]} */
const WAYS = [
  { title: "as it is, `durability: 'full'`" },
  { title: "`durability: 'relaxed'`", durability: 'relaxed' },
  { title: '`ALTER TABLE sessions SET UNLOGGED`', sql: 'ALTER TABLE sessions SET UNLOGGED' },
  { title: '`ALTER TABLE sessions SET (fillfactor = 100)`', sql: 'ALTER TABLE sessions SET (fillfactor = 100)' },
];

/** Milliseconds. */
const IDLE = 1_800_000;

const server = await startPostgres({ settings: SAFE });
/** @type {{ title: string, store: import('nest-sessions').SessionStore, close(): unknown, perSecond: Map<number, number[]> }[]} */
const contestants = [];
try {
  for (const [index, { title, durability, sql }] of WAYS.entries()) {
    const url = new URL(server.url);
    url.pathname = `way${index}`;
    await run(server.url, `CREATE DATABASE way${index}`);
    const connected = await ENGINES.postgres?.connect(url.href, { durability });
    if (!connected) throw new Error('There is no Postgres among the engines.');
    contestants.push({ title, ...connected, perSecond: new Map() });
    if (sql) await run(url.href, sql);
    for (let session = 0; session < SESSIONS; session++) await connected.store.create(newRecord({ id: idOf(session) }));
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const concurrent of CONCURRENT) {
      for (const { perSecond, store } of contestants) {
        perSecond.set(concurrent, [...(perSecond.get(concurrent) ?? []), await updatesPerSecond(store, concurrent)]);
      }
    }
  }
  const [first] = contestants;
  const rows = contestants.map(({ title, perSecond }) => [
    title,
    ...CONCURRENT.flatMap((concurrent) => {
      const [mine, plain] = [perSecond, first?.perSecond].map((all) => median(all?.get(concurrent) ?? []));
      return [Math.round(mine ?? NaN).toLocaleString('en-US'), `${((mine ?? NaN) / (plain ?? NaN)).toFixed(2)} ×`];
    }),
  ]);
  const columns = ['', ...CONCURRENT.flatMap((concurrent) => [`updates/s, ${concurrent} at a time`, ''])];
  const facts = `Medians of ${ROUNDS} rounds of ${SECONDS} s in turn; ${SESSIONS} sessions of 1 KB, ${POOL_SIZE} connections, fsync on, everything on one machine.`;
  const report = `${table(columns, rows)}\n\n${facts}\n`;
  await mkdir(RESULTS, { recursive: true });
  await writeFile(new URL('durability.md', RESULTS), report);
  console.log(report);
} finally {
  for (const { close } of contestants) await close();
  await server.stop();
}

/** @param {import('nest-sessions').SessionStore} store @param {number} concurrent */
async function updatesPerSecond(store, concurrent) {
  let count = 0;
  const startedAt = performance.now();
  const endsAt = startedAt + SECONDS * 1_000;
  await Promise.all(
    Array.from({ length: concurrent }, async (_, worker) => {
      for (let turn = 0; performance.now() < endsAt; turn++, count++) {
        const id = idOf((worker + turn * concurrent) % SESSIONS);
        const fields = new Map([['lastWrite', String(count)]]);
        const now = Date.now();
        // As a request does it: without a new end it would be the core's own note, which is never relaxed.
        const change = { fields, expiresAt: now + IDLE, expect: { generation: 0 } };
        const result = await store.update(id, change, now);
        if (result !== 'ok') throw new Error(`An update said ${result}.`);
      }
    }),
  );
  return (count / (performance.now() - startedAt)) * 1_000;
}

/** @param {string} url @param {string} sql */
async function run(url, sql) {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(sql);
  await client.end();
}

/** @param {number} session */
function idOf(session) {
  return String(session).padStart(24, 'A');
}

/** @param {number[]} figures */
function median(figures) {
  return figures.toSorted((one, other) => one - other)[Math.floor(figures.length / 2)];
}
