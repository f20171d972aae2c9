import { SessionStoreFullError } from '../../core/errors.js';

/** No space, no quota: https://man7.org/linux/man-pages/man3/errno.3.html */
const FULL = new Set(['ENOSPC', 'EDQUOT']);

/** The code of what a file operation was rejected with: `'ENOENT'` and the like. */
export function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}

/** Resolves to what the call resolves to, or to `undefined` if it fails with one of these codes. */
export async function unless<T>(codes: readonly string[], call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (codes.includes(codeOf(error) ?? '')) return undefined;
    throw error;
  }
}

/** Whether it happened: `false` if the file was not there. */
export async function happened(call: Promise<void>): Promise<boolean> {
  const done = await unless(
    ['ENOENT'],
    call.then(() => true),
  );
  return done ?? false;
}

/** For what is as well left to the next sweep. */
export async function atBest(call: Promise<unknown>): Promise<void> {
  await call.catch(() => {});
}

/** A full file system is told apart from a broken one: the store answers, and ending sessions makes room. */
export async function sayingFull<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const code = codeOf(cause);
    if (code === undefined || !FULL.has(code)) throw cause;
    const advice =
      `The file system of FileSessionStore is full (${code}): free some space or raise the quota. ` +
      'What was stored before is intact, and sessions can still be read and ended.';
    throw new SessionStoreFullError(undefined, { cause: new Error(advice, { cause }) });
  }
}
