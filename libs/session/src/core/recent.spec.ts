import { describe, expect, it } from '@jest/globals';
import { Recent } from './recent.js';

/** Tells what a text means until it is kept: the first time it is only noted that it came. */
function tell(recent: Recent<number>, text: string, meaning: number, characters?: number): void {
  for (let time = 0; time < 2; time++) recent.keep(text, meaning, characters);
}

describe('Recent', () => {
  it('keeps what comes again, and not what comes once', () => {
    const recent = new Recent<number>(10_000);
    recent.keep('one', 1);
    expect(recent.get('one')).toBeUndefined();
    recent.keep('one', 1);
    expect(recent.get('one')).toBe(1);
  });

  it('keeps nothing where too many come in turn', () => {
    const recent = new Recent<number>(10_000_000);
    for (let count = 0; count < 50_000; count++) recent.keep(`text ${count % 5_000}`, count);
    const kept = Array.from({ length: 5_000 }, (_, count) => recent.get(`text ${count}`));
    expect(kept.filter((one) => one !== undefined).length).toBeLessThan(50);
  });

  it('knows what it was told', () => {
    const recent = new Recent<number>(10_000);
    expect(recent.get('one')).toBeUndefined();
    tell(recent, 'one', 1);
    tell(recent, 'two', 2);
    expect([recent.get('one'), recent.get('two'), recent.get('on')]).toEqual([1, 2, undefined]);
  });

  it('forgets the oldest, and keeps what is in use', () => {
    const recent = new Recent<number>(10_000);
    tell(recent, 'used', -1);
    for (let count = 0; count < 1_000; count++) {
      tell(recent, `text ${count}`, count);
      expect(recent.get('used')).toBe(-1);
    }
    expect(recent.get('text 0')).toBeUndefined();
    expect(recent.get('text 999')).toBe(999);
  });

  it('D-13 is bounded by characters, of what is meant too', () => {
    const kept = (recent: Recent<number>): number =>
      Array.from({ length: 1_000 }, (_, count) => recent.get(`text ${count}`)).filter((one) => one !== undefined)
        .length;
    const [texts, meanings] = [new Recent<number>(100_000), new Recent<number>(100_000)];
    for (let count = 0; count < 1_000; count++) {
      tell(texts, `text ${count}`, count);
      tell(meanings, `text ${count}`, count, 4_900);
    }
    expect(kept(texts)).toBeGreaterThan(400);
    expect(kept(meanings)).toBeLessThanOrEqual(20);
  });

  it('never takes one text for another that looks alike', () => {
    const recent = new Recent<number>(1_000_000);
    const texts = Array.from({ length: 5 }, (_, index) => `${'a'.repeat(500)}${index}${'a'.repeat(499)}`);
    texts.forEach((text, index) => {
      tell(recent, text, index);
      for (const other of texts.slice(index + 1)) expect(recent.get(other)).toBeUndefined();
    });
    expect(texts.map((text) => recent.get(text))).toEqual([0, 1, 2, 3, 4]);
    tell(recent, texts[1]!, 7);
    expect(texts.map((text) => recent.get(text))).toEqual([0, 7, 2, 3, 4]);
  });

  it('one text does not make it forget all others', () => {
    const recent = new Recent<number>(10_000);
    tell(recent, 'small', 1);
    for (const letter of 'abcdefghij') tell(recent, letter.repeat(5_000), 2);
    expect(recent.get('small')).toBe(1);
    expect(recent.get('a'.repeat(5_000))).toBeUndefined();
  });

  it('never takes one text for another that UTF-8 cannot tell from it', () => {
    const recent = new Recent<number>(10_000);
    tell(recent, '\ud800', 1);
    expect(recent.get('\ufffd')).toBeUndefined();
  });
});
