// @ts-check
/**
 * What a request takes beyond what bare Nest takes, in figures that are the same on a busy machine: bytes allocated,
 * promises, timers, calls of the store.
 *
 * Bytes are those of V8's interpreter. Its compilers save some of them, but when they are done depends on the machine.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** @typedef {{ name: string, file: string, settings: import('./apps/application.js').Settings }} Counted */

/**
 * @typedef {object} Counts per request
 * @property {number} bytes allocated on the heap
 * @property {number} promises
 * @property {number} timers
 * @property {number} ticks callbacks given to `process.nextTick`
 * @property {number} storeCalls
 * @property {number} setCookieBytes
 * @property {number} recordBytes what the store keeps of the session, where it is the one in memory
 */

/** @typedef {Record<string, Record<string, Counts>>} AllCounts by application and case */

const FLAGS = [
  '--no-opt',
  '--no-sparkplug',
  '--no-flush-bytecode',
  '--hash-seed=1',
  '--random-seed=1',
  '--single-threaded',
  '--expose-gc',
  '--min-semi-space-size=64',
  '--max-semi-space-size=64',
  '--no-warnings',
];

const FRAMEWORKS = /** @type {const} */ (['express', 'fastify']);
const STORES = ['memory', 'cookie'];
const LOADS = ['lazy', 'eager'];

/** @returns {Promise<AllCounts>} */
export async function countAll() {
  const counted = await Promise.all(FRAMEWORKS.map(countFramework));
  return Object.assign({}, ...counted);
}

/** @param {typeof FRAMEWORKS[number]} framework @returns {Promise<AllCounts>} */
async function countFramework(framework) {
  const bare = { name: 'bare', file: 'bare', settings: { framework } };
  const ours = STORES.flatMap((store) =>
    LOADS.map((load) => ({
      name: `${framework}, ${store}, ${load}`,
      file: 'nest-sessions',
      settings: { framework, store, load },
    })),
  );
  const counts = await run([bare, ...ours]);
  return Object.fromEntries(ours.map(({ name }) => [name, beyond(counts[name] ?? {}, counts['bare'] ?? {})]));
}

/** @param {Counted[]} applications @returns {Promise<AllCounts>} */
async function run(applications) {
  const file = fileURLToPath(new URL('counts.process.js', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [...FLAGS, file, JSON.stringify(applications)], {
    // No flags of a test runner's.
    env: { ...process.env, NODE_OPTIONS: '', NODE_ENV: 'production' },
  });
  return JSON.parse(stdout);
}

/** @param {Record<string, Counts>} counts @param {Record<string, Counts>} bare */
function beyond(counts, bare) {
  return Object.fromEntries(
    Object.entries(counts).map(([name, own]) => {
      const { bytes = 0, promises = 0, ticks = 0, timers = 0 } = bare[name] ?? {};
      return [
        name,
        {
          ...own,
          bytes: own.bytes - bytes,
          promises: own.promises - promises,
          timers: own.timers - timers,
          ticks: own.ticks - ticks,
        },
      ];
    }),
  );
}
