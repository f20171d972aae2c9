import { describe, expect, it } from '@jest/globals';
import { Recent } from './recent.js';

describe('Recent', () => {
  it('knows what it was told', () => {
    const recent = new Recent<number>(10_000);
    expect(recent.get('one')).toBeUndefined();
    recent.keep('one', 1);
    recent.keep('two', 2);
    expect([recent.get('one'), recent.get('two'), recent.get('on')]).toEqual([1, 2, undefined]);
  });

  it('forgets the oldest, and keeps what is in use', () => {
    const recent = new Recent<number>(10_000);
    recent.keep('used', -1);
    for (let count = 0; count < 1_000; count++) {
      recent.keep(`text ${count}`, count);
      expect(recent.get('used')).toBe(-1);
    }
    expect(recent.get('text 0')).toBeUndefined();
    expect(recent.get('text 999')).toBe(999);
  });

  it('D-13 is bounded by characters, of what is meant too', () => {
    const kept = (recent: Recent<number>): number =>
      Array.from({ length: 1_000 }, (_, count) => recent.get(`text ${count}`)).filter((one) => one !== undefined).length;
    const [texts, meanings] = [new Recent<number>(100_000), new Recent<number>(100_000)];
    for (let count = 0; count < 1_000; count++) {
      texts.keep(`text ${count}`, count);
      meanings.keep(`text ${count}`, count, 4_900);
    }
    expect(kept(texts)).toBeGreaterThan(400);
    expect(kept(meanings)).toBeLessThanOrEqual(20);
  });

  it('one text does not make it forget all others', () => {
    const recent = new Recent<number>(10_000);
    recent.keep('small', 1);
    for (const letter of 'abcdefghij') recent.keep(letter.repeat(5_000), 2);
    expect(recent.get('small')).toBe(1);
    expect(recent.get('a'.repeat(5_000))).toBeUndefined();
  });

  it('never takes one text for another that UTF-8 cannot tell from it', () => {
    const recent = new Recent<number>(10_000);
    recent.keep('\ud800', 1);
    expect(recent.get('\ufffd')).toBeUndefined();
  });
});
