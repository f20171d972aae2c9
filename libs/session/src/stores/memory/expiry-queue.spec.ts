import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { ExpiryQueue } from './expiry-queue.js';

const NOW = 1_800_000_000_000;
const SECOND = 1_000;
const DAY = 86_400_000;

/** A queue over ends that a test can change, and a count of how often an end was asked for. */
function given(ends: Record<string, number> = {}) {
  const known = new Map<string, number>();
  const asked = { count: 0 };
  const queue = new ExpiryQueue((id) => {
    asked.count++;
    return known.get(id);
  });
  const add = (id: string, expiresAt: number) => {
    known.set(id, expiresAt);
    queue.add(id, expiresAt);
  };
  for (const [id, end] of Object.entries(ends)) add(id, end);
  return { add, asked, ends: known, queue };
}

describe('ExpiryQueue', () => {
  it('B-43 gives out an id at its end, and not a millisecond earlier', () => {
    const { queue } = given({ a: NOW + 1_234 });
    expect(queue.take(NOW + 1_233, 10)).toEqual([]);
    expect(queue.take(NOW + 1_234, 10)).toEqual(['a']);
    expect(queue.take(NOW + 1_234, 10)).toEqual([]);
  });

  it('tells ends within one second apart', () => {
    const { queue } = given({ a: NOW + 100, b: NOW + 900, c: NOW + 500 });
    expect(queue.take(NOW + 99, 10)).toEqual([]);
    expect(queue.take(NOW + 100, 10)).toEqual(['a']);
    expect(queue.take(NOW + 899, 10)).toEqual(['c']);
    expect(queue.take(NOW + 5_000, 10)).toEqual(['b']);
  });

  it('gives out the earlier ones first, across seconds', () => {
    const { queue } = given({ c: NOW + 3 * SECOND, a: NOW + SECOND, b: NOW + 2 * SECOND });
    expect(queue.take(NOW + DAY, 10)).toEqual(['a', 'b', 'c']);
  });

  it('B-49 gives out at most as many as it is asked to, and the rest later', () => {
    const { queue } = given({ a: NOW, b: NOW, c: NOW, d: NOW + 2 * SECOND });
    expect(queue.take(NOW + DAY, 2)).toEqual(['a', 'b']);
    expect(queue.take(NOW + DAY, 1)).toEqual(['c']);
    expect(queue.take(NOW + DAY, 2)).toEqual(['d']);
    expect(queue.take(NOW + DAY, 2)).toEqual([]);
  });

  it('B-46 an end that moved on without a word is found where it is now', () => {
    const { ends, queue } = given({ a: NOW + SECOND });
    ends.set('a', NOW + 60 * SECOND);
    expect(queue.take(NOW + 2 * SECOND, 10)).toEqual([]);
    expect(queue.take(NOW + 59 * SECOND, 10)).toEqual([]);
    expect(queue.take(NOW + 60 * SECOND, 10)).toEqual(['a']);
  });

  it('an end that moved on within its second is found in time', () => {
    const { ends, queue } = given({ a: NOW + 100 });
    ends.set('a', NOW + 900);
    expect(queue.take(NOW + 500, 10)).toEqual([]);
    expect(queue.take(NOW + 900, 10)).toEqual(['a']);
  });

  it('an id that is gone is forgotten', () => {
    const { ends, queue } = given({ a: NOW + SECOND, b: NOW + SECOND });
    ends.delete('a');
    expect(queue.take(NOW + 2 * SECOND, 10)).toEqual(['b']);
  });

  it('an end that came nearer is found if it was added again, and given out once', () => {
    const { add, ends, queue } = given({ a: NOW + 60 * SECOND });
    add('a', NOW + SECOND);
    expect(queue.take(NOW + SECOND, 10)).toEqual(['a']);
    ends.delete('a');
    expect(queue.take(NOW + 60 * SECOND, 10)).toEqual([]);
  });

  it('an id that is given out and added again has its new end', () => {
    const { add, queue } = given({ a: NOW });
    expect(queue.take(NOW, 10)).toEqual(['a']);
    add('a', NOW + 5 * SECOND);
    expect(queue.take(NOW + 4 * SECOND, 10)).toEqual([]);
    expect(queue.take(NOW + 5 * SECOND, 10)).toEqual(['a']);
  });

  it('an id that is gone and added again with a later end waits for that', () => {
    const { add, ends, queue } = given({ a: NOW + SECOND });
    ends.delete('a');
    add('a', NOW + 10 * SECOND);
    expect(queue.take(NOW + 5 * SECOND, 10)).toEqual([]);
    expect(queue.take(NOW + 10 * SECOND, 10)).toEqual(['a']);
  });

  it('an id added after its end is given out at the next occasion', () => {
    const { add, queue } = given({ later: NOW + 90 * SECOND });
    expect(queue.take(NOW + 60 * SECOND, 10)).toEqual([]);
    add('a', NOW);
    expect(queue.take(NOW + 60 * SECOND, 10)).toEqual(['a']);
    expect(queue.take(NOW + 90 * SECOND, 10)).toEqual(['later']);
  });

  it('B-47 a clock that goes back gives out nothing early, and loses nothing', () => {
    const { queue } = given({ a: NOW + 10 * SECOND, b: NOW + 20 * SECOND });
    expect(queue.take(NOW + 10 * SECOND, 10)).toEqual(['a']);
    expect(queue.take(NOW - DAY, 10)).toEqual([]);
    expect(queue.take(NOW + 20 * SECOND, 10)).toEqual(['b']);
  });

  it('finds everything after a pause of a year', () => {
    const ends = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`id ${index}`, NOW + index * 7_919]));
    const { queue } = given({ ...ends, last: NOW + 364 * DAY });
    const taken = queue.take(NOW + 365 * DAY, 1_000);
    expect(taken).toHaveLength(501);
    expect(taken.at(-1)).toBe('last');
  });

  it('a pause of a year costs no step for each of its seconds', () => {
    const { asked, queue } = given({ a: NOW, b: NOW + 364 * DAY });
    const startedAt = performance.now();
    for (let round = 0; round < 100; round++) queue.take(NOW + 365 * DAY - 1, 10);
    // 100 × 31,536,000 steps would take seconds.
    expect(performance.now() - startedAt).toBeLessThan(500);
    expect(asked.count).toBe(2);
  });

  // #next() passes all buckets to Math.min() as arguments, more than the stack takes.
  it('finds everything after a pause that is longer than there are ends, of which there are 200,000', () => {
    const { add, queue } = given();
    for (let index = 0; index < 200_000; index++) add(`id ${index}`, NOW + index * SECOND);
    expect(queue.take(NOW + 400 * DAY, 300_000)).toHaveLength(200_000);
  });

  it('D-15 looks at no session whose end has not come, however often it is asked', () => {
    const { add, asked, queue } = given();
    for (let index = 0; index < 1_000; index++) add(`id ${index}`, NOW + DAY + index);
    for (let now = NOW; now < NOW + DAY; now += 60 * SECOND) queue.take(now, 10);
    expect(asked.count).toBe(0);
  });

  it('gives out each id once, at its end, for any ends and any steps', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), end: fc.integer({ min: -5_000, max: 30_000 }) }),
      fc.record({ kind: fc.constant('extend' as const), which: fc.nat(9), by: fc.integer({ min: 1, max: 20_000 }) }),
      fc.record({ kind: fc.constant('forget' as const), which: fc.nat(9) }),
      fc.record({ kind: fc.constant('take' as const), after: fc.nat(7_000), limit: fc.integer({ min: 1, max: 5 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { add, ends, queue } = given();
        let [now, count] = [NOW, 0];
        for (const one of steps) {
          const id = 'which' in one ? `id ${one.which}` : '';
          const end = ends.get(id);
          if (one.kind === 'add') add(`id ${count++}`, now + one.end);
          else if (one.kind === 'extend' && end !== undefined) ends.set(id, end + one.by);
          else if (one.kind === 'forget') ends.delete(id);
          else if (one.kind === 'take') {
            now += one.after;
            const due = [...ends].filter(([, at]) => at <= now).map(([key]) => key);
            const taken = queue.take(now, one.limit);
            expect(taken).toHaveLength(Math.min(due.length, one.limit));
            for (const key of taken) {
              expect(due).toContain(key);
              ends.delete(key);
            }
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
