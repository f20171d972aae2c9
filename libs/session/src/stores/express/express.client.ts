import { SessionConfigError } from '../../core/errors.js';

/** As much of a store for express-session as is used: what the application made with `connect-*` and the like. */
export interface ExpressStore {
  get(sid: string, callback: (error: unknown, session?: unknown) => void): unknown;
  set(sid: string, session: object, callback: (error?: unknown) => void): unknown;
  destroy(sid: string, callback: (error?: unknown) => void): unknown;
}

/**
 * Whether this has what is needed of a store for express-session. `touch` and everything else is optional. `needs`: who
 * needs it, with the verb.
 */
export function checkExpressStore(store: unknown, needs = 'ExpressSessionStore needs'): asserts store is ExpressStore {
  const methods = ['get', 'set', 'destroy'];
  if (typeof store === 'object' && store !== null) {
    if (methods.every((name) => typeof (store as Record<string, unknown>)[name] === 'function')) return;
  }
  throw new SessionConfigError(
    `${needs} a store for express-session, with get, set and destroy, and was given ${nameOf(store)}: ` +
      "pass what the application would give to express-session, new RedisStore({ client }) of 'connect-redis' say.",
  );
}

/**
 * Resolves to what a call gives to its callback. Rejects if it gives an error, throws, or is an async function that
 * rejects instead of calling back.
 */
export function called<T>(call: (callback: (error?: unknown, result?: T) => void) => unknown): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const callback = (error?: unknown, result?: T): void => {
      if (error) reject(error);
      else resolve(result);
    };
    Promise.resolve(call(callback)).catch(reject);
  });
}

/** To express-session an error with this code says that the session is not there: session-file-store gives it. */
export function isAbsence(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT';
}

function nameOf(value: unknown): string {
  if (typeof value === 'function') return `${value.name || 'a function'} (an instance is needed: new ${value.name}())`;
  if (typeof value === 'object' && value !== null) return `an object of class ${value.constructor?.name || 'none'}`;
  return value === undefined || value === null ? `${value}` : `a ${typeof value}`;
}
