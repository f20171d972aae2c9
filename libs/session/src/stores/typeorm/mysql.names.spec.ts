import * as fc from 'fast-check';
import { escaped, unescaped } from './mysql.names.js';

describe('names on MySQL', () => {
  it.each(['cart', 'a.b', '$set', '__proto__', "it's", 'Grüße', '🍵', ' a b', '[0]', '*'])('%j is itself', (name) => {
    expect(escaped(name)).toBe(name);
  });

  it.each([
    ['', '%'],
    ['%', '%25'],
    ['100%', '100%25'],
    ['"', '%22'],
    ['a\\b', 'a%5cb'],
    ['ada ', 'ada%20'],
    [' ', '%20'],
    ['a  ', 'a %20'],
    ['\r\n', '%0d%0a'],
    ['\u007f\u0085', '%7f%85'],
  ])('B-55 C-30 %j is %s', (name, stored) => {
    expect(escaped(name)).toBe(stored);
    expect(unescaped(stored)).toBe(name);
  });

  it('B-55 every name comes back, and holds nothing that a JSON path or a collation trips over', () => {
    const unit = fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...'"\\%2a0 \n\u0001') },
      fc.string({ unit: 'grapheme' }),
    );
    fc.assert(
      fc.property(fc.string({ unit }), (name) => {
        expect(unescaped(escaped(name))).toBe(name);
        expect(escaped(name)).toMatch(/^[^"\\\p{Cc}]*[^"\\\p{Cc} ]$/u);
      }),
      { numRuns: 1_000 },
    );
  });
});
