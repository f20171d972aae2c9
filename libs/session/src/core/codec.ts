import { types } from 'node:util';
import { DevalueError, parse, stringify } from 'devalue';
import { UnserializableError } from './errors.js';
import { isPlainJson } from './plain-json.js';
import { copyOf, type Pristine } from './pristine.js';
import { pristineOf } from './recent-values.js';

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
  if (isPlainJson(value, name)) return JSON.stringify(value);
  try {
    return RICH + stringify(value, COMPACT);
  } catch (cause) {
    const path = cause instanceof DevalueError ? name + cause.path : name;
    throw new UnserializableError(path, cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

export interface Decoded {
  /** For whoever reads it, to do with as he likes. */
  readonly value: unknown;
  /** The same again, to compare with what becomes of it: not to be changed, nor given away. Absent for what is more than JSON. */
  readonly pristine?: Pristine;
}

/** The value of an encoded text. Throws if the text is not one that `encode` made, without a word of what is in it. */
export function decode(text: string): unknown {
  return decodeToCompare(text).value;
}

export function decodeToCompare(text: string): Decoded {
  try {
    if (text.startsWith(RICH)) return { value: parse(text.slice(RICH.length), REVIVE) };
    const pristine = pristineOf(text);
    return { value: copyOf(pristine), pristine };
  } catch (error) {
    if (error instanceof ForeignTypeError) throw error;
    // The messages of JSON.parse and devalue quote the text.
    throw new SyntaxError(
      'A stored session field is no text that a session wrote: cut short, or written by somebody else.',
    );
  }
}

class ForeignTypeError extends TypeError {}

const TYPED_ARRAYS = {
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
};

type Bytes = [type: keyof typeof TYPED_ARRAYS, base64: string];

// A typed array may be a small window on a large buffer, Node's shared pool among them: keep what it shows, no more.
const COMPACT = { Bytes: (value: unknown) => types.isTypedArray(value) && bytesOf(value) };
const REVIVE = { Bytes: fromBytes, ...refusing(['RegExp', 'URLSearchParams', 'Object', 'ArrayBuffer', 'DataView']) };

function bytesOf(view: NodeJS.TypedArray): Bytes {
  const bytes = Buffer.from(view.buffer, view.byteOffset, view.byteLength);
  return [view[Symbol.toStringTag] as Bytes[0], bytes.toString('base64')];
}

function fromBytes([type, base64]: Bytes): NodeJS.TypedArray {
  return new TYPED_ARRAYS[type](Uint8Array.from(Buffer.from(base64, 'base64')).buffer);
}

/** What the library can read and `encode` never writes: somebody else did. */
function refusing(types: string[]): Record<string, () => never> {
  const refuse = (type: string) => (): never => {
    throw new ForeignTypeError(`A stored session field holds a ${type}, which no session field can be.`);
  };
  return Object.fromEntries(types.map((type) => [type, refuse(type)]));
}
