import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { encode } from './codec.js';
import { isUnchanged as isLike, pristine } from './pristine.js';

/** Texts that JSON has to escape, and texts that look like what it makes of those. */
const tricky = fc.string({
  unit: fc.constantFrom(
    '"',
    '\\',
    'n',
    '\n',
    ',',
    ':',
    '{',
    '[',
    ']',
    '}',
    'u',
    '0',
    '\0',
    '\ud800',
    '\u2028',
    'é',
    '😀',
  ),
  maxLength: 6,
});
const leaf = fc.oneof(
  tricky,
  fc.constantFrom(0, -0, 1, 12, 1e21, 1e-7, NaN, null, true, false, undefined),
  fc.double(),
);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.oneof(tricky, fc.constantFrom('toJSON', '1', '0')), tie('value'), {
      maxKeys: 3,
      noNullPrototype: true,
    }),
    fc.constantFrom(new Date(0), new Map(), new Set([1]), new Uint8Array(2)),
  ),
}));

/** The pristine value is what JSON makes of a text; of what is more than JSON there is none. */
function isUnchanged(given: unknown, text: string): boolean {
  return !text.startsWith('~') && isLike(given, pristine(JSON.parse(text)));
}

describe('isUnchanged', () => {
  it('knows what was just read', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (json) => {
        const text = JSON.stringify(json);
        expect(isUnchanged(JSON.parse(text), text)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('never takes a value for what encodes differently', () => {
    fc.assert(
      fc.property(value, value, (one, other) => {
        const text = encode(one, 'x');
        expect(isUnchanged(one, text) && encode(one, 'x') !== text).toBe(false);
        expect(isUnchanged(other, text) && encode(other, 'x') !== text).toBe(false);
      }),
      { numRuns: 3_000 },
    );
  });

  it('B-21 notices every nested change', () => {
    fc.assert(
      fc.property(fc.dictionary(tricky, fc.array(value, { maxLength: 3 })), leaf, fc.nat(), (record, changed, at) => {
        const text = encode(record, 'x');
        const lists = Object.values(record).filter((list) => list.length > 0);
        const list = lists[at % Math.max(1, lists.length)];
        if (!list) return;
        list[at % list.length] = changed;
        expect(isUnchanged(record, text) && encode(record, 'x') !== text).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each<[what: string, value: unknown, text: string]>([
    ['a quote that ends a text too early', ['a","b'], '["a","b"]'],
    ['a backslash for what it stands for', ['\\n'], String.raw`["\n"]`],
    ['a number that only begins alike', [1], '[12]'],
    ['-0', [-0], '[0]'],
    ['NaN', [NaN], '[null]'],
    ['a Map', { m: new Map([[1, 2]]) }, '{"m":{}}'],
    ['a Date', ['1970-01-01T00:00:00.000Z', new Date(0)], '["1970-01-01T00:00:00.000Z","1970-01-01T00:00:00.000Z"]'],
    ['an item that is gone', [1], '[1,2]'],
    ['an item that is new', [1, 2], '[1]'],
    ['a key that is undefined', { a: undefined }, '{}'],
    ['a hole', Array(1), '[null]'],
    ['an array with a name', Object.assign([1], { x: 1 }), '[1]'],
    ['a symbol for a key', { [Symbol('x')]: 1 }, '{}'],
    ['an instance', new (class Point {})(), '{}'],
    ['a function', { a: () => {} }, '{}'],
    ['what writes its own JSON', { toJSON: () => 1 }, '1'],
    ['another order', { b: 1, a: 2 }, '{"a":2,"b":1}'],
  ])('is not deceived by %s', (_what, changed, text) => {
    expect(isUnchanged(changed, text)).toBe(false);
  });

  it('is not deceived by a cycle', () => {
    const cycle: unknown[] = [];
    cycle.push(cycle);
    expect(isUnchanged(cycle, '[[[]]]')).toBe(false);
    expect(isUnchanged(cycle, '['.repeat(64) + ']'.repeat(64))).toBe(false);
  });

  it('there is nothing deeper than what can be stored', () => {
    for (const depth of [65, 100_000]) {
      expect(() => pristine(JSON.parse('['.repeat(depth) + ']'.repeat(depth)))).toThrow(RangeError);
    }
  });
});
