// @ts-check
/**
 * Counts what requests take that does not depend on how busy the machine is: see counts.js, which starts this with the
 * flags it needs. node counts.process.js <applications as JSON>; gives JSON by the application's name and the case.
 */
import { createHook } from 'node:async_hooks';
import { promiseHooks } from 'node:v8';
import { SESSION_STORE } from 'nest-sessions';
import { CASES } from './apps/shop.js';
import { openInProcess, setCookieOf } from './in-process.js';

/** @typedef {import('./in-process.js').Opened} Opened */
/** @typedef {import('./counts.js').Counts} Counts */

/** Enough for inline caches to know what they see, and for lazily made tables and flushed code to be there. */
const WARM_UP = 60;
/** Many for bytes, among which V8 makes things for itself now and then; the others are the same each time. */
const REQUESTS = 240;
const FEW_REQUESTS = 20;

process.env.NODE_ENV = 'production';
/** @type {Record<string, Record<string, Counts>>} */
const all = {};
/** @type {import('./counts.js').Counted[]} */
const applications = JSON.parse(process.argv[2] ?? '[]');
for (const { name, file, settings } of applications) all[name] = await countsOf(await openInProcess(file, settings));
console.log(JSON.stringify(all));
process.exit();

/** @param {Opened} opened */
async function countsOf(opened) {
  /** @type {Record<string, Counts>} */
  const counts = {};
  for (const { name } of CASES) {
    /** @param {number} requests */
    const repeat = async (requests) => {
      for (let index = 0; index < requests; index++) await opened.ask(name);
    };
    counts[name] = {
      bytes: await bytesOf(repeat),
      promises: await promisesOf(repeat),
      ...(await resourcesOf(repeat)),
      storeCalls: await storeCallsOf(opened.calls, repeat),
      setCookieBytes: setCookieOf(await opened.ask(name)).join('').length,
      recordBytes: await recordBytesOf(opened),
    };
  }
  return counts;
}

/** @typedef {(requests: number) => Promise<void>} Repeat */

/**
 * Allocated on the heap: nothing is collected meanwhile, the young generation being large enough.
 *
 * @param {Repeat} repeat
 */
async function bytesOf(repeat) {
  /** @type {any} */ (globalThis).gc();
  await repeat(WARM_UP);
  const before = process.memoryUsage().heapUsed;
  await repeat(REQUESTS);
  return Math.round((process.memoryUsage().heapUsed - before) / REQUESTS);
}

/** @param {Repeat} repeat */
async function promisesOf(repeat) {
  let promises = 0;
  const stop = promiseHooks.createHook({ init: () => promises++ });
  await repeat(FEW_REQUESTS);
  stop();
  return perRequest(promises);
}

/** Timers, and callbacks given to `process.nextTick`. @param {Repeat} repeat */
async function resourcesOf(repeat) {
  const seen = { Timeout: 0, TickObject: 0 };
  const hook = createHook({
    init(_id, type) {
      if (type in seen) seen[/** @type {keyof typeof seen} */ (type)]++;
    },
  });
  hook.enable();
  await repeat(FEW_REQUESTS);
  hook.disable();
  return { timers: perRequest(seen.Timeout), ticks: perRequest(seen.TickObject) };
}

/** @param {() => number} calls @param {Repeat} repeat */
async function storeCallsOf(calls, repeat) {
  const before = calls();
  await repeat(FEW_REQUESTS);
  return perRequest(calls() - before);
}

/** What a store that we can look into keeps, names and texts. @param {Opened} opened */
async function recordBytesOf({ app, cookie, settings }) {
  if (settings.store !== 'memory') return 0;
  const record = await app.get(SESSION_STORE).read(cookie.slice(cookie.indexOf('=') + 1).slice(0, 24), Date.now());
  return JSON.stringify({ ...record, fields: [...record.fields], meta: [...record.meta] }).length;
}

/** @param {number} total of a few requests */
function perRequest(total) {
  return Math.round(total / FEW_REQUESTS);
}
