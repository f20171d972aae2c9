import { types } from 'node:util';
import { UnserializableError } from './errors.js';

/** Nesting beyond this is refused: JSON.stringify itself fails somewhere past ten thousand. */
export const MAX_DEPTH = 64;

type Path = (string | number)[];

/**
 * Whether JSON alone keeps this value.
 *
 * @throws UnserializableError where nothing keeps it, with the path that begins with `name`.
 */
export function isPlainJson(value: unknown, name: string): boolean {
  try {
    if (isOrdinary(value, 0)) return true;
  } catch {
    // Reading it throws: the closer look tells where.
  }
  return inspect(value, [name]);
}

/** What nearly every value is, told without noting the way to it. `false`: it needs the closer look below. */
function isOrdinary(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0);
    case 'object':
      return value === null || isOrdinaryObject(value, depth);
    default:
      return false;
  }
}

function isOrdinaryObject(value: object, depth: number): boolean {
  // A cycle is deep, too.
  if (depth >= MAX_DEPTH || types.isProxy(value)) return false;
  if ('toJSON' in value) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Array.prototype) return Array.isArray(value) && isOrdinaryArray(value, depth);
  return prototype === Object.prototype && isOrdinaryRecord(value as Record<string, unknown>, depth);
}

/** A hole reads as `undefined`, which is none of the ordinary values; what is more than the items has a name. */
function isOrdinaryArray(array: unknown[], depth: number): boolean {
  if (Object.keys(array).length !== array.length) return false;
  for (const item of array) if (!isOrdinary(item, depth + 1)) return false;
  return true;
}

function isOrdinaryRecord(record: Record<string, unknown>, depth: number): boolean {
  if (Object.getOwnPropertySymbols(record).length > 0) return false;
  for (const key of Object.keys(record)) if (!isOrdinary(record[key], depth + 1)) return false;
  return true;
}

/** `path` and `above` are the way down to the value. */
function inspect(value: unknown, path: Path, above: object[] = []): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0);
    case 'undefined':
    case 'bigint':
      return false;
    case 'object':
      return value === null || inspectObject(value, path, above);
    default:
      throw refuse(path, `it is a ${typeof value}`);
  }
}

function inspectObject(value: object, path: Path, above: object[]): boolean {
  if (types.isProxy(value)) throw refuse(path, 'it is a Proxy');
  if (above.includes(value)) throw refuse(path, 'it contains itself');
  if (above.length >= MAX_DEPTH) throw refuse(path.slice(0, 3), `it is nested deeper than ${MAX_DEPTH} levels`);
  above.push(value);
  const plain = inspectContents(value, path, above);
  above.pop();
  return plain;
}

/**
 * Kinds are told by what a value is and by how long its chain of prototypes is, not by whose prototype it is: a value
 * of another realm, a test's or a `structuredClone` of one, is as plain as ours, and a subclass is longer.
 */
function inspectContents(value: object, path: Path, above: object[]): boolean {
  const generations = generationsOf(value);
  if (generations <= 1) return inspectEntries(value, path, above) && generations === 1;
  if (Array.isArray(value) && generations === 2) return inspectArray(value, path, above);
  if (types.isMap(value) && generations === 2) return inspectMap(value, path, above);
  if (types.isSet(value) && generations === 2) return inspectSet(value, path, above);
  if ((types.isDate(value) || value instanceof URL) && generations === 2) return false;
  if (types.isTypedArray(value) && (generations === 3 || Buffer.isBuffer(value))) return false;
  throw refuse(path, `it is an instance of ${constructorOf(value)}; keep its plain data instead`);
}

function generationsOf(value: object): number {
  let count = 0;
  for (let at: unknown = Object.getPrototypeOf(value); at !== null; at = Object.getPrototypeOf(at)) count++;
  return count;
}

function inspectMap(map: ReadonlyMap<unknown, unknown>, path: Path, above: object[]): false {
  for (const [key, item] of map) {
    inspect(key, [...path, '<key>'], above);
    inspect(item, [...path, typeof key === 'object' ? '<value>' : String(key)], above);
  }
  return false;
}

function inspectSet(set: ReadonlySet<unknown>, path: Path, above: object[]): false {
  let index = 0;
  for (const item of set) inspect(item, [...path, index++], above);
  return false;
}

function inspectArray(value: unknown[], path: Path, above: object[]): boolean {
  let plain = true;
  refuseToJson(value, path);
  for (let index = 0; index < value.length; index++) {
    path.push(index);
    // JSON would turn a hole into null.
    if (!(index in value) || !inspect(value[index], path, above)) plain = false;
    path.pop();
  }
  const named = Object.keys(value).find((key) => !isIndex(key, value.length));
  if (named !== undefined) throw refuse([...path, named], 'an array has no named properties in a store');
  return plain;
}

function isIndex(key: string, length: number): boolean {
  return /^\d+$/.test(key) && Number(key) < length;
}

function inspectEntries(value: object, path: Path, above: object[]): boolean {
  if (Object.getOwnPropertySymbols(value).length > 0) throw refuse(path, 'it has symbols for keys');
  refuseToJson(value, path);
  let plain = true;
  for (const key of Object.keys(value)) {
    path.push(key);
    if (!inspect(read(value as Record<string, unknown>, key, path), path, above)) plain = false;
    path.pop();
  }
  return plain;
}

/** JSON would ask it what to store instead. */
function refuseToJson(value: object, path: Path): void {
  if (typeof read(value as Record<string, unknown>, 'toJSON', [...path, 'toJSON']) !== 'function') return;
  throw refuse([...path, 'toJSON'], 'it is a function');
}

function read(value: Record<string, unknown>, key: string, path: Path): unknown {
  try {
    return value[key];
  } catch (cause) {
    throw new UnserializableError(join(path), 'reading it throws', { cause });
  }
}

function refuse(path: Path, reason: string): UnserializableError {
  return new UnserializableError(join(path), reason);
}

function join([first, ...rest]: Path): string {
  return rest.reduce<string>((text, part) => text + (typeof part === 'number' ? `[${part}]` : `.${part}`), `${first}`);
}

function constructorOf(value: object): string {
  const { constructor } = value as { constructor?: unknown };
  return typeof constructor === 'function' && constructor.name ? constructor.name : 'a class';
}
