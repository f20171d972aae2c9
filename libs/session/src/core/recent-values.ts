import { Recent } from './recent.js';

/** About a thousand sessions of a kilobyte: some megabytes with the values, more where these are many and small. */
const CHARACTERS = 1_000_000;
/** What is shorter is parsed sooner than found. Characters. */
const SHORT = 16;

/** Values as they were parsed. Nobody else ever holds them, so nobody can have changed them. */
const recent = new Recent<unknown>(CHARACTERS);

/** What a JSON text says, which is never `undefined`: to be looked at, and never to be given away. */
export function pristineOf(text: string): unknown {
  if (text.length < SHORT) return JSON.parse(text);
  const known = recent.get(text);
  if (known !== undefined) return known;
  const value: unknown = JSON.parse(text);
  recent.keep(text, value);
  return value;
}

/** The same for whoever wants to change it. To copy what was parsed before takes a tenth of parsing again. */
export function copyOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return Array.isArray(value) ? copyOfArray(value) : copyOfRecord(value as Record<string, unknown>);
}

function copyOfArray(array: readonly unknown[]): unknown[] {
  const copy = array.slice();
  for (let index = 0; index < copy.length; index++) {
    const item = copy[index];
    if (typeof item === 'object') copy[index] = copyOf(item);
  }
  return copy;
}

/** The copy has all names already, so that even `__proto__` is one like any other. */
function copyOfRecord(record: Record<string, unknown>): Record<string, unknown> {
  const copy = { ...record };
  for (const name of Object.keys(copy)) {
    const item = copy[name];
    if (typeof item === 'object') copy[name] = copyOf(item);
  }
  return copy;
}
