// @ts-check
/** Measures one group of parts: see ../parts.js. */
import { CASES } from '../apps/shop.js';
import { answerParent } from '../child.js';
import { openInProcess } from '../in-process.js';
import { corePartsOf } from './core.js';
import { median } from '../summary.js';
import { openStores } from './stores.js';

/** @typedef {{ name: string, run: () => unknown }} Part */
/** @typedef {{ name: string, app: string, settings: any }} Group a group of parts, or a contestant */

const WARM_UP_US = 800e3;
const SAMPLE_US = 400e3;
const BATCH_US = 1_000;
/** As many as the young generation holds, of the largest. */
const FOR_BYTES = 400;

let finish = async () => {};

answerParent({
  /** @param {Group & { only: string }} what */
  async measure(what) {
    const rows = [];
    for (const part of await partsOf(what)) {
      if (part.name.includes(what.only)) rows.push(await figuresOf(part));
    }
    return rows;
  },

  finish: () => finish(),
});

/** @param {Group} what @returns {Promise<Part[]>} */
async function partsOf({ name, app, settings }) {
  if (name === 'core') return corePartsOf();
  if (name === 'stores') {
    const stores = await openStores();
    finish = stores.stop;
    return stores.parts;
  }
  const { ask } = await openInProcess(app, settings);
  return CASES.map((one) => ({ name: `request, ${name}: ${one.name}`, run: () => ask(one.name) }));
}

/** @param {Part} part */
async function figuresOf({ name, run }) {
  const single = await warmUp(run);
  const times = await batches(run, Math.max(1, Math.round(BATCH_US / single)));
  return [
    name,
    microseconds(Math.min(...times)),
    microseconds(median(times)),
    `${(await bytesOf(run)).toLocaleString('en-US')} B`,
  ];
}

/**
 * For V8's compilers, which on a busy machine come to it late.
 *
 * @param {() => unknown} run @returns {Promise<number>} microseconds of one
 */
async function warmUp(run) {
  const before = process.cpuUsage().user;
  let last = 0;
  while (process.cpuUsage().user - before < WARM_UP_US) [last = 0] = await batches(run, 50, 0);
  return last;
}

/**
 * Short enough for many to pass undisturbed between two turns of other programs, long enough for the clock. Libraries for
 * this batch by their first impression, and time single calls where that was slow.
 *
 * @param {() => unknown} run @param {number} size @param {number} [cpu] microseconds of processor time to spend
 */
async function batches(run, size, cpu = SAMPLE_US) {
  const times = [];
  const before = process.cpuUsage().user;
  do {
    const startedAt = performance.now();
    for (let index = 0; index < size; index++) {
      const result = run();
      // What does not wait is not to be made to.
      if (result instanceof Promise) await result;
    }
    times.push(((performance.now() - startedAt) * 1e3) / size);
  } while (process.cpuUsage().user - before < cpu);
  return times;
}

/** Once V8's compilers are done with it. @param {() => unknown} run */
async function bytesOf(run) {
  /** @type {any} */ (globalThis).gc();
  for (let index = 0; index < FOR_BYTES; index++) await run();
  /** @type {any} */ (globalThis).gc({ type: 'minor' });
  const before = process.memoryUsage().heapUsed;
  for (let index = 0; index < FOR_BYTES; index++) await run();
  return Math.round((process.memoryUsage().heapUsed - before) / FOR_BYTES);
}

/** @param {number} time */
const microseconds = (time) => `${time.toFixed(2)} µs`;
