import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { copyOf, isUnchanged } from './pristine.js';
import { pristineOf } from './recent-values.js';

/** As a field is read. */
const parseJson = (text: string): unknown => copyOf(pristineOf(text));

const CART = '{"items":[{"sku":"TEA-0231","tags":["loose"]},null,[[1]]],"note":null}';

describe('values of texts', () => {
  it('says what JSON.parse says, the first time and every other', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const text = JSON.stringify({ padding: 'longer than short', value });
        for (let time = 0; time < 3; time++) expect(parseJson(text)).toStrictEqual(JSON.parse(text));
      }),
      { numRuns: 500 },
    );
  });

  it('I19 gives everybody a value of his own, all the way down', () => {
    const [mine, yours] = [parseJson(CART), parseJson(CART)] as [any, any];
    mine.items[0].tags.push('changed');
    mine.items[2][0][0] = 2;
    mine.note = {};
    expect(yours).toStrictEqual(JSON.parse(CART));
    expect(parseJson(CART)).toStrictEqual(JSON.parse(CART));
    expect([mine, yours].map((one) => isUnchanged(one, pristineOf(CART)))).toEqual([false, true]);
  });

  it('a field called __proto__ is a field', () => {
    const text = '{"__proto__":{"admin":true},"constructor":{"__proto__":[1]}}';
    for (let time = 0; time < 2; time++) {
      const value = parseJson(text) as Record<string, unknown>;
      expect(Object.keys(value)).toEqual(['__proto__', 'constructor']);
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
      expect(JSON.stringify(value)).toBe(text);
      expect(isUnchanged(value, pristineOf(text))).toBe(true);
    }
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  it('refuses what is no JSON, every time', () => {
    for (let time = 0; time < 2; time++) expect(() => parseJson('{"cut":"short of its en')).toThrow(SyntaxError);
  });

  it('parses a text that comes often no more than twice', () => {
    const text = JSON.stringify({ often: 'x'.repeat(100) });
    const [, ...later] = Array.from({ length: 5 }, () => pristineOf(text));
    expect(new Set(later).size).toBe(1);
  });

  it('D-13 fifty thousand different texts take no more room than a few', () => {
    const taken = roomFor(50_000, (count) => JSON.stringify({ count, text: 'x'.repeat(1_000) }));
    expect(taken).toBeLessThan(20_000_000);
  });

  it('D-13 nor do texts that are all brackets', () => {
    const taken = roomFor(5_000, (count) => `[${'[],'.repeat(500)}${count}]`);
    expect(taken).toBeLessThan(20_000_000);
  });
});

/** The bytes that remain when so many texts came twice, which is when they are remembered. */
function roomFor(texts: number, textOf: (count: number) => string): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let count = 0; count < texts; count++) {
    const text = textOf(count);
    for (let time = 0; time < 2; time++) pristineOf(text);
  }
  collect();
  return process.memoryUsage().heapUsed - before;
}
