import { MAX_DEPTH } from './plain-json.js';

/**
 * A JSON value as it was parsed, laid out for what every request does with it: it takes a copy, and compares what has
 * become of that. Requests read more than they change, and this tells so without encoding anything. What has nothing
 * inside, a text say, stands for itself.
 */
export type Pristine = PristineArray | PristineRecord | string | number | boolean | null;

interface PristineArray {
  readonly kind: 'array';
  readonly value: readonly unknown[];
  readonly parts: readonly Pristine[];
  /** The places of the parts that are arrays and records themselves. */
  readonly deep: readonly number[];
}

interface PristineRecord {
  readonly kind: 'record';
  readonly value: Fields;
  readonly names: readonly string[];
  readonly parts: readonly Pristine[];
  readonly deep: readonly number[];
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * `value`: as `JSON.parse` gave it, and from here on nobody else's.
 *
 * @throws RangeError for what is nested deeper than anything that is stored.
 */
export function pristine(value: unknown, depth = 0): Pristine {
  if (typeof value !== 'object' || value === null) return value as Pristine;
  if (depth >= MAX_DEPTH) throw new RangeError(`It is nested deeper than ${MAX_DEPTH} levels.`);
  if (Array.isArray(value)) {
    const parts = value.map((item) => pristine(item, depth + 1));
    return { kind: 'array', value, parts, deep: deepOf(parts) };
  }
  const names = Object.keys(value);
  const parts = names.map((name) => pristine((value as Fields)[name], depth + 1));
  return { kind: 'record', value: value as Fields, names, parts, deep: deepOf(parts) };
}

const NONE: readonly number[] = [];

function deepOf(parts: readonly Pristine[]): readonly number[] {
  const places = [...parts.keys()].filter((at) => typeof parts[at] === 'object' && parts[at] !== null);
  return places.length > 0 ? places : NONE;
}

/** How many arrays and records it is made of. */
export function countOf(given: Pristine): number {
  if (typeof given !== 'object' || given === null) return 0;
  return given.deep.reduce((count, at) => count + countOf(given.parts[at]!), 1);
}

/** The same value for whoever wants to change it. */
export function copyOf(given: Pristine): unknown {
  if (typeof given !== 'object' || given === null) return given;
  return given.kind === 'array' ? copyOfArray(given) : copyOfRecord(given);
}

function copyOfArray({ deep, parts, value }: PristineArray): unknown[] {
  const copy = value.slice();
  for (const at of deep) copy[at] = copyOf(parts[at]!);
  return copy;
}

/** The copy has all names already, so that even `__proto__` is one like any other. */
function copyOfRecord({ deep, names, parts, value }: PristineRecord): Fields {
  const copy: Record<string, unknown> = { ...value };
  for (const at of deep) copy[names[at]!] = copyOf(parts[at]!);
  return copy;
}

/** Whether a value still says what it said when it was read. `false` can also mean that it takes a closer look, by encoding. */
export function isUnchanged(value: unknown, since: Pristine): boolean {
  // Also tells 0 from -0, which JSON does not.
  if (typeof value !== 'object' || value === null) return Object.is(value, since);
  if (typeof since !== 'object' || since === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return since.kind === 'array'
    ? prototype === Array.prototype && Array.isArray(value) && isSameArray(value, since.parts)
    : prototype === Object.prototype && isSameRecord(value as Fields, since);
}

/** A hole is `undefined`, which JSON never says; what is more than the items has a name. */
function isSameArray(array: readonly unknown[], parts: readonly Pristine[]): boolean {
  const { length } = parts;
  if (array.length !== length || Object.keys(array).length !== length) return false;
  for (let index = 0; index < length; index++) if (!isUnchanged(array[index], parts[index]!)) return false;
  return true;
}

/** In the same order, too: in another one it is another text. */
function isSameRecord(record: Fields, { names, parts }: PristineRecord): boolean {
  let count = 0;
  for (const name in record) {
    if (names[count] !== name || !isUnchanged(record[name], parts[count]!)) return false;
    count++;
  }
  return count === names.length && Object.getOwnPropertySymbols(record).length === 0;
}
