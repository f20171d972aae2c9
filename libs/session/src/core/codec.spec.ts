import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { decode, encode } from './codec.js';
import { UnserializableError } from './errors.js';

class Money {
  constructor(readonly amount: number) {}
}

const roundTrip = (value: unknown): unknown => decode(encode(value, 'field'));

/** Arrays in arrays, `levels` of them. */
function nested(levels: number): unknown {
  let value: unknown = [];
  for (let level = 1; level < levels; level++) value = [value];
  return value;
}

function refusal(value: unknown): UnserializableError {
  try {
    encode(value, 'cart');
  } catch (error) {
    expect(error).toBeInstanceOf(UnserializableError);
    return error as UnserializableError;
  }
  throw new Error('was accepted');
}

const PLAIN: readonly (readonly [string, unknown])[] = [
  ['text', 'tea'],
  ['no text', ''],
  ['text that looks like JSON', '{"a":1}'],
  ['text that looks like a rich value', '~[1]'],
  ['an integer', 42],
  ['0', 0],
  ['a fraction', 0.1],
  ['2^53 - 1', Number.MAX_SAFE_INTEGER],
  ['2^53 + 1', 2 ** 53 + 1],
  ['the smallest number', Number.MIN_VALUE],
  ['the largest number', Number.MAX_VALUE],
  ['true', true],
  ['false', false],
  ['null', null],
  ['an empty list', []],
  ['a list', [1, 'a', null, [true]]],
  ['an empty object', {}],
  ['an object', { a: { b: [{ c: 'd' }] } }],
  ['accents, scripts, emoji', 'Grüße Ελλάδα 日本語 👩‍👩‍👧‍👦 𝄞'],
  ['NUL', 'a\0b'],
  ['lone surrogates', '\ud800 \udfff'],
  ['line separators', '\u2028\u2029\r\n\t'],
  ['quotes and backslashes', `"'\\\``],
  ['1,000 keys', Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`k${index}`, index]))],
  ['keys of all kinds', { '': 1, ' ': 2, 'a.b': 3, $set: 4, 'é\0': 5, toString: 6, constructor: 7 }],
  ['a key __proto__', JSON.parse('{"__proto__":{"isAdmin":true}}')],
  ['the same object twice', ((shared) => [shared, shared])({ a: 1 })],
];

const RICH: readonly (readonly [string, unknown])[] = [
  ['undefined', undefined],
  ['−0', -0],
  ['NaN', NaN],
  ['Infinity', Infinity],
  ['−Infinity', -Infinity],
  ['a BigInt', 12_345_678_901_234_567_890n],
  ['a negative BigInt', -1n],
  ['a Date', new Date(1_800_000_000_123)],
  ['a Date before 1970', new Date(-1)],
  ['a Map', new Map<unknown, unknown>([['a', 1], [1, new Map()], [{ key: true }, 'object'], [null, undefined]])], // prettier-ignore
  ['an empty Map', new Map()],
  ['a Set', new Set<unknown>([1, '1', null, new Set([2])])],
  ['a URL', new URL('https://user:pass@example.com:8443/a?b=c#d')],
  ['bytes', new Uint8Array([0, 1, 254, 255])],
  ['no bytes', new Uint8Array(0)],
  ['clamped bytes', new Uint8ClampedArray([0, 255])],
  ['16-bit numbers', new Int16Array([-1, 1])],
  ['floats', new Float64Array([0.1, -0, NaN])],
  ['64-bit integers', new BigInt64Array([-1n, 1n])],
  ['an object without a prototype', Object.assign(Object.create(null), { a: 1, b: { c: 2 } })],
  ['undefined in an object', { a: undefined, b: 1 }],
  ['undefined in a list', [undefined, 1]],
  ['holes', sparse(5, { 1: 1, 3: 2 })],
  ['a list with holes only', Array(3)],
  ['rich values deep down', { a: [{ b: new Map([['c', [new Date(0), -0, 1n]]]) }] }],
  ['text with NUL and lone surrogates beside them', { at: new Date(0), text: '\0\ud800"\\' }],
  ['a key with NUL and a lone surrogate beside them', { at: new Date(0), '\0\ud800': 1 }],
  ['names of built-in properties beside them', { at: new Date(0), constructor: 1, toString: 2, hasOwnProperty: 3 }],
];

describe('encode and decode', () => {
  it.each(PLAIN)('B-51 I19 keep %s, as JSON', (_, value) => {
    expect(roundTrip(value)).toStrictEqual(value);
    expect(encode(value, 'field')).toBe(JSON.stringify(value));
  });

  it.each(RICH)('B-51 B-52 I19 keep %s', (_, value) => {
    expect(roundTrip(value)).toStrictEqual(value);
    expect(encode(value, 'field')).toMatch(/^~/);
  });

  it('B-51 I19 keep everything that JSON can say, as JSON', () => {
    const property = fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      const sound = JSON.parse(JSON.stringify(value)); // without −0, which JSON cannot say
      expect(encode(sound, 'field')).toBe(JSON.stringify(sound));
      expect(roundTrip(sound)).toStrictEqual(sound);
      expect(roundTrip(value)).toStrictEqual(value);
    });
    fc.assert(property, { numRuns: 200 });
  });

  it('B-52 I19 keep every rich value, or refuse it: nothing is lost without a word', () => {
    const anything = fc.anything({
      maxDepth: 3,
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withNullPrototype: true,
      withSparseArray: true,
      withTypedArray: true,
    });
    let kept = 0;
    const property = fc.property(anything, (value) => {
      let text: string;
      try {
        text = encode(value, 'field');
      } catch (error) {
        // The TypeError goes once "a key of a Map that has no text form" below is mended.
        expect(error instanceof UnserializableError || error instanceof TypeError).toBe(true);
        return;
      }
      kept++;
      // Jest takes an invalid Date for different from itself.
      if (shown(value).includes('Invalid Date')) expect(shown(decode(text))).toBe(shown(value));
      else expect(decode(text)).toStrictEqual(value);
    });
    fc.assert(property, { numRuns: 600 });
    expect(kept).toBeGreaterThan(500);
  });

  it('B-52 keep an invalid Date', () => {
    const date = roundTrip(new Date(NaN)) as Date;
    expect(date).toBeInstanceOf(Date);
    expect(date.getTime()).toBeNaN();
  });

  it('B-51 make texts that every store can hold: no NUL, no lone surrogate', () => {
    const text = fc.string({ unit: fc.oneof(fc.constantFrom('\0', '\ud800', '\udfff', '"', '\\'), fc.string()) });
    const value = fc.oneof(
      text,
      fc.dictionary(text, text, { noNullPrototype: true }),
      fc.tuple(text, fc.constantFrom(-0, undefined, 1n)),
    );
    const property = fc.property(value, (given) => {
      const encoded = encode(given, 'field');
      expect(encoded.isWellFormed()).toBe(true);
      expect(encoded).not.toContain('\0');
      expect(decode(encoded)).toStrictEqual(given);
    });
    fc.assert(property, { numRuns: 500 });
  });

  it('B-21 make the same text of equal values, so that an equal value is no change', () => {
    const make = () => ({ a: [1, { b: new Date(0) }], m: new Map([['k', new Set([1n])]]) });
    expect(encode(make(), 'field')).toBe(encode(make(), 'field'));
    expect(encode(roundTrip(make()), 'field')).toBe(encode(make(), 'field'));
  });

  it('B-56 give a value of its own each time', () => {
    const text = encode({ list: [new Date(0)] }, 'field');
    expect(decode(text)).not.toBe(decode(text));
  });
});

describe('bytes', () => {
  it('a Buffer comes back as the Uint8Array that it is', () => {
    const decoded = roundTrip(Buffer.from('tea'));
    expect(Object.getPrototypeOf(decoded)).toBe(Uint8Array.prototype);
    expect(Buffer.from(decoded as Uint8Array).toString()).toBe('tea');
  });

  it('C-16 no byte beside a window is stored: what Node’s pool holds belongs to others', () => {
    const pool = Buffer.alloc(4_096, 's');
    pool.write('tea', 100);
    const text = encode({ window: pool.subarray(100, 103), whole: new Uint8Array(3) }, 'field');
    expect(text).not.toContain(Buffer.from('sss').toString('base64'));
    expect(text.length).toBeLessThan(200);
    const { window } = decode(text) as { window: Uint8Array };
    expect(window.buffer.byteLength).toBe(3);
    expect(Buffer.from(window).toString()).toBe('tea');
  });

  it('C-16 a pooled Buffer is stored without the pool', () => {
    const pooled = Buffer.from('tea');
    expect(pooled.buffer.byteLength).toBeGreaterThan(pooled.byteLength);
    expect(encode(pooled, 'field').length).toBeLessThan(100);
  });

  it.each([
    ['16-bit', new Uint16Array(new Uint16Array([9, 1, 2, 9]).buffer, 2, 2), new Uint16Array([1, 2])],
    ['floats', new Float32Array(new Float32Array([9, 1, 2, 9]).buffer, 4, 2), new Float32Array([1, 2])],
    ['64-bit', new BigUint64Array(new BigUint64Array([9n, 1n, 9n]).buffer, 8, 1), new BigUint64Array([1n])],
    ['nothing', new Uint8Array(new ArrayBuffer(8), 3, 0), new Uint8Array(0)],
  ])('C-16 a window on %s keeps its kind and shows the same', (_, window, expected) => {
    const decoded = roundTrip(window) as Uint8Array;
    expect(decoded).toStrictEqual(expected);
    expect(decoded.buffer.byteLength).toBe(expected.byteLength);
  });
});

describe('what cannot be kept is refused when it is set', () => {
  const cyclic: Record<string, unknown> = { a: {} };
  (cyclic['a'] as Record<string, unknown>)['b'] = cyclic;
  const ring = new Map<string, unknown>();
  ring.set('self', ring);
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();

  it.each<[string, unknown, string]>([
    ['a function', () => 1, 'cart'],
    ['a method', { total: () => 1 }, 'cart.total'],
    ['a class', Money, 'cart'],
    ['a symbol', Symbol('x'), 'cart'],
    ['an instance of a class', { items: [{ price: new Money(1) }] }, 'cart.items[0].price'],
    ['an instance in a Map', new Map([['tea', new Money(1)]]), 'cart.tea'],
    ['an instance in a Set', new Set([1, new Money(1)]), 'cart[1]'],
    ['an instance as a key', new Map([[new Money(1), 1]]), 'cart.<key>'],
    ['a function in a list', [1, [() => 1]], 'cart[1][0]'],
    ['an Error', { last: new Error('x') }, 'cart.last'],
    ['a regular expression', /a/, 'cart'],
    ['a promise', Promise.resolve(1), 'cart'],
    ['a WeakMap', new WeakMap(), 'cart'],
    ['an ArrayBuffer', new ArrayBuffer(1), 'cart'],
    ['a DataView', new DataView(new ArrayBuffer(1)), 'cart'],
    ['URLSearchParams', new URLSearchParams('a=1'), 'cart'],
    ['a boxed number', Object(1), 'cart'],
    ['a boxed text', Object('1'), 'cart'],
    ['a boxed BigInt', Object(1n), 'cart'],
    ['a generator', (function* () {})(), 'cart'],
    ['a Map with a class of its own', new (class Items extends Map {})(), 'cart'],
    ['a Set with a class of its own', new (class Items extends Set {})(), 'cart'],
    ['a list with a class of its own', new (class Items extends Array {})(), 'cart'],
    ['an object with a prototype of its own', Object.create({ inherited: 1 }), 'cart'],
    ['keys that are symbols', { [Symbol('x')]: 1 }, 'cart'],
    ['an object in itself', cyclic, 'cart.a.b'],
    ['a Map in itself', ring, 'cart.self'],
    ['a Proxy', { a: new Proxy({}, {}) }, 'cart.a'],
    ['a Proxy of a list', new Proxy([], {}), 'cart'],
    ['a Proxy that is revoked', proxy, 'cart'],
    ['a toJSON method', { toJSON: () => 1 }, 'cart.toJSON'],
    ['__proto__ beside what JSON cannot say', { at: new Date(0), ...own('__proto__', 1) }, 'cart'],
  ])('B-53 %s, with the way to it', (_, value, path) => {
    const error = refusal(value);
    expect(error.path).toMatch(path === 'cart' ? /^cart/ : new RegExp(`^${escaped(path)}$`));
    expect(error.message).toContain(error.path);
    expect(error.message).toContain('cannot be kept in a session');
  });

  it('B-53 a getter that throws, with its cause', () => {
    const error = refusal({
      a: {
        get total(): number {
          throw new RangeError('broken');
        },
      },
    });
    expect(error.path).toBe('cart.a.total');
    expect(error.cause).toBeInstanceOf(RangeError);
  });

  it('says which class it is', () => {
    expect(refusal(new Money(1)).message).toContain('an instance of Money');
  });

  it('tells no value', () => {
    expect(refusal({ card: '4111', pay: () => 1 }).message).not.toContain('4111');
  });

  it('B-54 nesting deeper than 64 levels, and none less deep', () => {
    expect(roundTrip(nested(64))).toStrictEqual(nested(64));
    expect(refusal(nested(65)).message).toContain('64 levels');
    expect(refusal(nested(100_000)).path.length).toBeLessThan(100);
    expect(refusal([new Map([['a', new Set([nested(62)])]])]).message).toContain('64 levels');
    expect(roundTrip([new Map([['a', new Set([nested(61)])]])])).toStrictEqual([
      new Map([['a', new Set([nested(61)])]]),
    ]);
  });

  // B-52, "never silent loss": each of these is accepted and comes back as something else.
  describe('what looks plain and is not', () => {
    it('B-52 a list with properties of its own, such as what match() gives', () => {
      refusal('tea'.match(/e/));
    });

    it('B-53 a toJSON that cannot be enumerated', () => {
      refusal(Object.defineProperty({ a: 1 }, 'toJSON', { value: () => 'something else' }));
    });

    it('B-53 a toJSON on a list', () => {
      refusal(Object.assign([1], { toJSON: () => 'something else' }));
    });

    it('B-53 a Date with a class of its own', () => {
      refusal(new (class Day extends Date {})(0));
    });

    it('B-53 a URL with a class of its own', () => {
      refusal(new (class Link extends URL {})('https://example.com'));
    });

    it('B-53 a key of a Map that has no text form is kept, or refused like everything else', () => {
      const map = new Map([[Object.create(null), 1]]);
      expect(roundTrip(map)).toStrictEqual(map);
    });
  });
});

describe('a stored text', () => {
  it.each(['', ' ', '{', 'undefined', "{'a':1}", '~', '~{', '~[]', '~5', '~"x"', '~[["Date"'])(
    'C-38 that is damaged is an error, not a value: %j',
    (text) => {
      expect(() => decode(text)).toThrow();
    },
  );

  it.each(['~[["Money",1],1]', '~[["Function","return 1"]]', '~[["Error","x"]]', '~[["View",0]]'])(
    'C-20 that names a class is an error: %s',
    (text) => expect(() => decode(text)).toThrow(),
  );

  // The comment at decode() promises it; devalue knows more than encode() lets through.
  it.each(['~[["RegExp","(a+)+$"]]', '~[["URLSearchParams","a=1"]]', '~[["Object",1],1]'])(
    'C-20 that encode() never makes is an error: %s',
    (text) => expect(() => decode(text)).toThrow(),
  );

  it.each([
    '{"__proto__":{"isAdmin":true}}',
    '{"a":{"__proto__":{"isAdmin":true}}}',
    '{"constructor":{"prototype":{"isAdmin":true}}}',
    '[{"__proto__":{"isAdmin":true}}]',
    '~[{"__proto__":1},{"isAdmin":2},true]',
    '~[["null","__proto__",1],{"isAdmin":2},true]',
    '~[["Map",1,2],"__proto__",{"isAdmin":3},true]',
  ])('C-31 D-9 pollutes nothing: %s', (text) => {
    let value: unknown;
    try {
      value = decode(text);
    } catch (error) {
      expect(error).toBeInstanceOf(Error);
    }
    expect(({} as Record<string, unknown>)['isAdmin']).toBeUndefined();
    expect((value as Record<string, unknown> | undefined)?.['isAdmin']).toBeUndefined();
    expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain('isAdmin');
  });

  it('C-31 with __proto__ for a key gives it back as a key', () => {
    const value = decode('{"__proto__":{"isAdmin":true}}') as object;
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(encode(value, 'field')).toBe('{"__proto__":{"isAdmin":true}}');
  });
});

function shown(value: unknown): string {
  return inspect(value, { depth: null, maxArrayLength: null, maxStringLength: null });
}

function sparse(length: number, items: Record<number, unknown>): unknown[] {
  return Object.assign(Array(length), items);
}

function own(key: string, value: unknown): object {
  return Object.defineProperty({}, key, { value, enumerable: true });
}

function escaped(text: string): string {
  return text.replace(/[.[\]<>]/g, '\\$&');
}
