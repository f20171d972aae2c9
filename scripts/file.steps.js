// @ts-check
/** Holds file operations between two steps: see file.steps.d.ts. */
import { AsyncLocalStorage } from 'node:async_hooks';
import fs from 'node:fs/promises';

const NAMES = /** @type {const} */ (['lstat', 'mkdir', 'open', 'readdir', 'rename', 'rmdir', 'unlink', 'writeFile']);

/** @type {AsyncLocalStorage<(name: string, args: any[]) => Promise<void>>} */
const controls = new AsyncLocalStorage();
/** @type {((name: string) => void) | undefined} */
let listen;

const real = { ...fs };
for (const name of NAMES) {
  Object.assign(fs, {
    [name]: async (/** @type {any[]} */ ...args) => {
      listen?.(name);
      await controls.getStore()?.(name, args);
      return /** @type {Function} */ (real[name])(...args);
    },
  });
}

/** @type {typeof import('./file.steps.d.ts').onStep} */
export function onStep(listener) {
  listen = listener;
}

/** @type {typeof import('./file.steps.d.ts').holdAt} */
export function holdAt(step, work, { torn = false } = {}) {
  /** @type {string[]} */
  const taken = [];
  let resume = () => {};
  const resumed = new Promise((resolve) => (resume = () => resolve(undefined)));
  /** @type {(held: boolean) => void} */
  let settle = () => {};
  /** @type {Promise<boolean>} */
  const reached = new Promise((resolve) => (settle = resolve));
  const result = controls.run(
    async (name, args) => {
      const index = taken.push(name) - 1;
      if (step !== index && (step !== name || taken.indexOf(name) < index)) return;
      if (torn && name === 'writeFile') await real.writeFile(args[0], args[1].slice(0, args[1].length / 2), args[2]);
      settle(true);
      await resumed;
    },
    () => work().finally(() => settle(false)),
  );
  result.catch(() => {});
  return { taken, reached, resume, result };
}
