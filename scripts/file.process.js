// @ts-check
/** A process with a FileSessionStore, called by messages. file.js copies it beside the compiled store and starts it. */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { onStep } from './file.steps.js';

const { FileSessionStore } = await import(new URL('./stores/file/index.js', import.meta.url).href);
const options = JSON.parse(process.argv[2] ?? '');
const store = new FileSessionStore(options);

/** @type {Record<string, (...args: any[]) => unknown>} */
const METHODS = {
  ready: () => {},

  /** Adds one to the field n, so many times, each by a compare-and-swap that may have to be tried again. */
  async increment(/** @type {string} */ id, /** @type {number} */ times) {
    let conflicts = 0;
    for (let done = 0; done < times;) {
      const text = (await store.read(id, 0)).fields.get('n');
      const change = { fields: new Map([['n', String(Number(text) + 1)]]), expect: { fields: new Map([['n', text]]) } };
      if ((await store.update(id, change, 0)) === 'ok') done++;
      else conflicts++;
    }
    return conflicts;
  },

  /** Sets fields of its own, one after the other, expecting nothing. */
  async fill(/** @type {string} */ id, /** @type {string} */ prefix, /** @type {number} */ times) {
    for (let index = 0; index < times; index++) {
      const result = await store.update(id, { fields: new Map([[`${prefix}${index}`, '1']]), expect: {} }, 0);
      if (result !== 'ok') throw new Error(`An update without an expectation said '${result}'.`);
    }
  },

  /** Counts up in the field n until it is killed, and says how far it is after each acknowledgement. */
  async countUp(/** @type {string} */ id, /** @type {number} */ from) {
    for (let n = from + 1; ; n++) {
      const result = await store.update(id, { fields: new Map([['n', String(n)]]), expect: {} }, 0);
      if (result === 'ok') process.send?.({ acknowledged: n });
    }
  },

  /** Sends itself a signal before its next call of that function of node:fs/promises. */
  signalAt(/** @type {string} */ step, /** @type {NodeJS.Signals} */ signal) {
    onStep((name) => {
      if (name !== step) return;
      onStep(() => {});
      process.kill(process.pid, signal);
    });
  },

  /** Reads while every file that may be open is. How the reads ended. */
  async exhaust(/** @type {string} */ id, /** @type {number} */ limit) {
    /** @type {number[]} */
    const open = [];
    try {
      while (open.length < limit) open.push(openSync('/dev/null', 'r'));
    } catch {
      const reads = Array.from({ length: 20 }, () => store.read(id, 0).catch((/** @type {any} */ { code }) => code));
      return await Promise.all(reads);
    } finally {
      for (const file of open) closeSync(file);
    }
  },

  umask: (/** @type {number} */ mask) => void process.umask(mask),
  remount: (/** @type {string} */ how) => spawnSync('mount', ['-o', `remount,${how}`, options.directory]).status,
};

process.on('message', async (/** @type {any} */ { args, id, method }) => {
  try {
    const result = await (METHODS[method] ?? store[method].bind(store))(...args);
    process.send?.({ id, result });
  } catch (error) {
    const { cause, code, message, name } = /** @type {NodeJS.ErrnoException} */ (error);
    process.send?.({ id, error: { cause: { message: /** @type {Error} */ (cause)?.message }, code, message, name } });
  }
});
process.on('disconnect', () => process.exit());
