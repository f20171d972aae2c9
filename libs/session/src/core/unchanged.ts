import { MAX_DEPTH } from './plain-json.js';

/**
 * Whether a value still says what it said when it was read, told without encoding it: requests read more than they change.
 * `pristine`: the same as JSON gave it, untouched. `false` can also mean that it takes a closer look, by encoding.
 */
export function isUnchanged(value: unknown, pristine: unknown): boolean {
  return isSame(value, pristine, 0);
}

function isSame(value: unknown, pristine: unknown, depth: number): boolean {
  // Also tells 0 from -0, which JSON does not.
  if (typeof value !== 'object' || value === null) return Object.is(value, pristine);
  if (typeof pristine !== 'object' || pristine === null || depth >= MAX_DEPTH) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return Array.isArray(pristine)
    ? prototype === Array.prototype && Array.isArray(value) && isSameArray(value, pristine, depth + 1)
    : prototype === Object.prototype && isSameRecord(value as Fields, pristine as Fields, depth + 1);
}

/** A hole is `undefined`, which JSON never says; what is more than the items has a name. */
function isSameArray(array: readonly unknown[], pristine: readonly unknown[], depth: number): boolean {
  const { length } = pristine;
  if (array.length !== length || Object.keys(array).length !== length) return false;
  for (let index = 0; index < length; index++) if (!isSame(array[index], pristine[index], depth)) return false;
  return true;
}

type Fields = Readonly<Record<string, unknown>>;

/** In the same order, too: in another one it is another text. */
function isSameRecord(record: Fields, pristine: Fields, depth: number): boolean {
  const names = Object.keys(pristine);
  let count = 0;
  for (const name in record) {
    if (names[count++] !== name || !isSame(record[name], pristine[name], depth)) return false;
  }
  return count === names.length && Object.getOwnPropertySymbols(record).length === 0;
}
