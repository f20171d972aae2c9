import type { TextChanges } from './store.js';

/** A copy of `texts` with the changes applied: `null` removes. */
export function applyChanges(
  texts: Iterable<readonly [string, string]>,
  changes: Iterable<readonly [string, string | null]>,
): Map<string, string> {
  const result = new Map(texts);
  for (const [name, text] of changes) {
    if (text === null) result.delete(name);
    else result.set(name, text);
  }
  return result;
}

/** The bytes that names and texts take in a store. */
export function sizeOf(texts: Iterable<readonly [string, string]>): number {
  let bytes = 0;
  for (const [name, text] of texts) bytes += Buffer.byteLength(name) + Buffer.byteLength(text);
  return bytes;
}

export const NO_TEXTS: ReadonlyMap<string, string> = new Map();
export const NO_CHANGES: TextChanges = NO_TEXTS;
