import { types } from 'node:util';
import { DevalueError, parse, stringify } from 'devalue';
import { UnserializableError } from './errors.js';

/** Nesting beyond this is refused: JSON.stringify itself fails somewhere past ten thousand. */
const MAX_DEPTH = 64;

/** Marks texts that hold more than JSON can. No JSON text begins with it, so plain values stay queryable as JSON. */
const RICH = '~';

/**
 * Encodes a value so that it comes back as it went in. Plain data becomes JSON; Date, Map, Set, BigInt, typed arrays,
 * URL, `undefined`, NaN, ±Infinity and −0 are kept by `devalue`. A Buffer comes back as the Uint8Array it is.
 *
 * @throws UnserializableError for functions, symbols, class instances, proxies, cycles and anything nested deeper
 *   than 64 levels, with the path to it.
 */
export function encode(value: unknown, name: string): string {
  if (inspect(value, [name])) return JSON.stringify(value);
  try {
    return RICH + stringify(value, COMPACT);
  } catch (cause) {
    const path = cause instanceof DevalueError ? name + cause.path : name;
    throw new UnserializableError(path, cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** The value of an encoded text. Throws if the text is not one that `encode` made. */
export function decode(text: string): unknown {
  return text.startsWith(RICH) ? parse(text.slice(RICH.length), REVIVE) : JSON.parse(text);
}

// A typed array may be a small window on a large buffer, Node's shared pool among them: keep what it shows, no more.
const COMPACT = { View: (value: unknown) => isWindow(value) && copyOf(value) };
const REVIVE = { View: (value: unknown) => value };

function isWindow(value: unknown): value is NodeJS.TypedArray {
  return types.isTypedArray(value) && value.byteLength !== value.buffer.byteLength;
}

function copyOf(view: NodeJS.TypedArray): NodeJS.TypedArray {
  // Not view.slice(): a Buffer's shares its memory.
  return Uint8Array.prototype.slice.call(view);
}

/** Whether JSON alone keeps this value. Throws where nothing does. `path` and `above` are the way down to it. */
function inspect(value: unknown, path: (string | number)[], above: object[] = []): boolean {
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

function inspectObject(value: object, path: (string | number)[], above: object[]): boolean {
  if (types.isProxy(value)) throw refuse(path, 'it is a Proxy');
  if (above.includes(value)) throw refuse(path, 'it contains itself');
  if (above.length >= MAX_DEPTH) throw refuse(path.slice(0, 3), `it is nested deeper than ${MAX_DEPTH} levels`);
  above.push(value);
  const plain = inspectContents(value, path, above);
  above.pop();
  return plain;
}

function inspectContents(value: object, path: (string | number)[], above: object[]): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (Array.isArray(value) && prototype === Array.prototype) return inspectArray(value, path, above);
  if (prototype === Object.prototype) return inspectEntries(value, path, above);
  if (prototype === null) {
    inspectEntries(value, path, above);
    return false;
  }
  if (value instanceof Map && prototype === Map.prototype) {
    for (const [key, item] of value) {
      inspect(key, [...path, '<key>'], above);
      inspect(item, [...path, String(key)], above);
    }
    return false;
  }
  if (value instanceof Set && prototype === Set.prototype) {
    let index = 0;
    for (const item of value) inspect(item, [...path, index++], above);
    return false;
  }
  if (types.isDate(value) || types.isTypedArray(value) || value instanceof URL) return false;
  throw refuse(path, `it is an instance of ${constructorOf(value)}; keep its plain data instead`);
}

function inspectArray(value: unknown[], path: (string | number)[], above: object[]): boolean {
  let plain = true;
  for (let index = 0; index < value.length; index++) {
    path.push(index);
    // JSON would turn a hole into null.
    if (!(index in value) || !inspect(value[index], path, above)) plain = false;
    path.pop();
  }
  return plain;
}

function inspectEntries(value: object, path: (string | number)[], above: object[]): boolean {
  if (Object.getOwnPropertySymbols(value).length > 0) throw refuse(path, 'it has symbols for keys');
  let plain = true;
  for (const key of Object.keys(value)) {
    path.push(key);
    if (!inspect(read(value as Record<string, unknown>, key, path), path, above)) plain = false;
    path.pop();
  }
  return plain;
}

function read(value: Record<string, unknown>, key: string, path: (string | number)[]): unknown {
  try {
    return value[key];
  } catch (cause) {
    throw new UnserializableError(join(path), 'reading it throws', { cause });
  }
}

function refuse(path: (string | number)[], reason: string): UnserializableError {
  return new UnserializableError(join(path), reason);
}

function join([first, ...rest]: (string | number)[]): string {
  return rest.reduce<string>((text, part) => text + (typeof part === 'number' ? `[${part}]` : `.${part}`), `${first}`);
}

function constructorOf(value: object): string {
  const { constructor } = value as { constructor?: unknown };
  return typeof constructor === 'function' && constructor.name ? constructor.name : 'a class';
}
