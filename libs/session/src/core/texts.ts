import type { TextChanges } from './store.js';

/** `texts` with the changes applied, in a copy if there are any: `null` removes. */
export function applyChanges(texts: ReadonlyMap<string, string>, changes: TextChanges): ReadonlyMap<string, string> {
  if (changes.size === 0) return texts;
  const result = new Map(texts);
  for (const [name, text] of changes) {
    if (text === null) result.delete(name);
    else result.set(name, text);
  }
  return result;
}

/** The bytes that names and texts take in a store; what is `null` is not there. */
export function sizeOf(texts: TextChanges): number {
  let bytes = 0;
  for (const [name, text] of texts) if (text !== null) bytes += Buffer.byteLength(name) + Buffer.byteLength(text);
  return bytes;
}

/** The same once the changes are applied. */
export function sizeAfter(texts: ReadonlyMap<string, string>, changes: TextChanges): number {
  let bytes = sizeOf(changes);
  for (const [name, text] of texts) {
    if (!changes.has(name)) bytes += Buffer.byteLength(name) + Buffer.byteLength(text);
  }
  return bytes;
}

export const NO_TEXTS: ReadonlyMap<string, string> = new Map();
export const NO_CHANGES: TextChanges = NO_TEXTS;
