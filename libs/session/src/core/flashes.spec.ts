import { describe, expect, it } from '@jest/globals';
import { Flashes } from './flashes.js';
import { META } from './record.js';
import { applyChanges } from './texts.js';

const NOW = 1_800_000_000_000;

/** The meta texts of a record to which each of these requests added its messages. */
function stored(...requests: ((flashes: Flashes) => void)[]): ReadonlyMap<string, string> {
  let meta: ReadonlyMap<string, string> = new Map([['idle', '1800000']]);
  for (const request of requests) {
    const flashes = new Flashes(meta);
    request(flashes);
    meta = applyChanges(meta, flashes.pending());
  }
  return meta;
}

describe('a flash message', () => {
  it('is there for the next request, and gone for the one after', () => {
    const meta = stored((flashes) => flashes.add('info', 'saved', NOW));
    const next = new Flashes(meta);
    expect(next.take('info')).toEqual(['saved']);
    const after = new Flashes(applyChanges(meta, next.pending()));
    expect(after.take('info')).toEqual([]);
    expect(after.pending().size).toBe(0);
  });

  it('B-20 that nobody takes is no change', () => {
    const flashes = new Flashes(stored((first) => first.add('info', 'saved', NOW)));
    expect(flashes.take('error')).toEqual([]);
    expect(flashes.pending().size).toBe(0);
  });

  it('can be taken in the request that left it, and then needs no storing', () => {
    const flashes = new Flashes();
    flashes.add('info', 'saved', NOW);
    expect(flashes.take('info')).toEqual(['saved']);
    expect(flashes.take('info')).toEqual([]);
    expect(flashes.pending().size).toBe(0);
  });

  it('is taken by its key, the oldest first', () => {
    const meta = stored(
      (flashes) => {
        flashes.add('info', 'one', NOW);
        flashes.add('error', 'two', NOW);
        flashes.add('info', 'three', NOW);
      },
      (flashes) => flashes.add('info', 'five', NOW + 1_000),
      (flashes) => flashes.add('info', 'four', NOW + 999),
    );
    const flashes = new Flashes(meta);
    expect(flashes.take('info')).toEqual(['one', 'three', 'four', 'five']);
    expect(flashes.take('error')).toEqual(['two']);
  });

  it('keeps its place among a hundred of the same millisecond', () => {
    const flashes = new Flashes();
    for (let index = 0; index < 100; index++) flashes.add('info', index, NOW);
    expect(flashes.take('info')).toEqual(Array.from({ length: 100 }, (_, index) => index));
  });

  // The order within a millisecond is taken from the number of pending changes, and a save empties them.
  it('keeps its place when the session was saved in between', () => {
    const flashes = new Flashes();
    flashes.add('info', 'one', NOW);
    flashes.add('info', 'two', NOW);
    flashes.accept(new Map(flashes.pending()));
    flashes.add('info', 'three', NOW);
    expect(flashes.take('info')).toEqual(['one', 'two', 'three']);
  });

  it('I6 of each of two requests at the same millisecond stays', () => {
    const meta = new Map<string, string>();
    const [one, two] = [new Flashes(meta), new Flashes(meta)];
    one.add('info', 'one', NOW);
    two.add('info', 'two', NOW);
    const both = applyChanges(applyChanges(meta, one.pending()), two.pending());
    expect(new Flashes(both).take('info').sort()).toEqual(['one', 'two']);
  });

  it('B-52 may be any value that a field may be', () => {
    const values = [{ a: [1] }, null, undefined, new Date(0), new Map([['a', 1n]]), ''];
    const meta = stored((flashes) => {
      for (const value of values) flashes.add('info', value, NOW);
    });
    expect(new Flashes(meta).take('info')).toStrictEqual(values);
  });

  it('B-53 that cannot be kept is refused at once, by its key', () => {
    const flashes = new Flashes();
    expect(() => flashes.add('info', () => 1, NOW)).toThrow(/flash info/);
    expect(flashes.pending().size).toBe(0);
  });

  it.each(['__proto__', 'constructor', '', 'retired', 'a.b', '\0', '🍵'])('B-55 C-30 may have the key %j', (key) => {
    const meta = stored((flashes) => flashes.add(key, 'x', NOW));
    expect(new Flashes(meta).take(key)).toEqual(['x']);
  });

  it('C-30 takes no name from the core and none from the application', () => {
    const meta = stored((flashes) => flashes.add('idle', 'x', NOW));
    const names = [...meta.keys()];
    expect(names.filter((name) => name.startsWith(META.flash))).toHaveLength(1);
    expect(meta.get(META.idle)).toBe('1800000');
    expect(names.every((name) => /^[\w.]+$/.test(name))).toBe(true);
  });

  // One damaged entry makes every flashes() of this session throw, whatever the key, until it ends.
  it('C-38 that is damaged is passed over, and the others are given', () => {
    const good = stored((flashes) => flashes.add('info', 'good', NOW));
    const meta = new Map(good).set(`${META.flash}000`, '{damaged');
    expect(new Flashes(meta).take('info')).toEqual(['good']);
  });
});

describe('keeping messages', () => {
  it('puts back what this request took, and no change is left', () => {
    const flashes = new Flashes(stored((first) => first.add('info', 'saved', NOW)));
    flashes.take('info');
    expect(flashes.isChanged).toBe(true);
    flashes.keep();
    expect(flashes.isChanged).toBe(false);
    expect(flashes.take('info')).toEqual(['saved']);
  });

  it('puts back what was left and taken in the same request', () => {
    const flashes = new Flashes();
    flashes.add('info', 'new', NOW);
    flashes.take('info');
    flashes.keep();
    expect(new Flashes(applyChanges(new Map(), flashes.pending())).take('info')).toEqual(['new']);
  });

  it('puts back what the store has meanwhile let go', () => {
    const meta = stored((first) => first.add('info', 'saved', NOW));
    const flashes = new Flashes(meta);
    flashes.take('info');
    const sent = new Map(flashes.pending());
    flashes.accept(sent);
    flashes.keep();
    const after = applyChanges(applyChanges(meta, sent), flashes.pending());
    expect(new Flashes(after).take('info')).toEqual(['saved']);
  });

  it('without having taken any does nothing', () => {
    const flashes = new Flashes(stored((first) => first.add('info', 'saved', NOW)));
    flashes.keep();
    expect(flashes.pending().size).toBe(0);
  });
});

describe('what the store has acknowledged', () => {
  it('B-22 is not sent again', () => {
    const flashes = new Flashes();
    flashes.add('info', 'one', NOW);
    flashes.accept(new Map(flashes.pending()));
    expect(flashes.pending().size).toBe(0);
    expect(flashes.take('info')).toEqual(['one']);
    expect([...flashes.pending().values()]).toEqual([null]);
  });

  it('I6 what was added or taken while it was being stored is sent next', () => {
    const flashes = new Flashes();
    flashes.add('info', 'one', NOW);
    const sent = new Map(flashes.pending());
    flashes.add('info', 'two', NOW + 1);
    flashes.accept(sent);
    expect(flashes.pending().size).toBe(1);
    expect(flashes.take('info')).toEqual(['one', 'two']);
  });

  // Between sending and acknowledgement, #put() compares with what was stored before, and drops the change.
  it('I6 a message that was taken while it was being stored is removed next', () => {
    const flashes = new Flashes();
    flashes.add('info', 'one', NOW);
    const sent = new Map(flashes.pending());
    expect(flashes.take('info')).toEqual(['one']);
    flashes.accept(sent);
    expect(flashes.take('info')).toEqual([]);
    expect([...flashes.pending()]).toEqual([[[...sent.keys()][0], null]]);
  });

  it('I6 a message that was kept while its removal was being stored is stored next', () => {
    const meta = stored((first) => first.add('info', 'one', NOW));
    const flashes = new Flashes(meta);
    flashes.take('info');
    const sent = new Map(flashes.pending());
    flashes.keep();
    flashes.accept(sent);
    const after = applyChanges(applyChanges(meta, sent), flashes.pending());
    expect(new Flashes(after).take('info')).toEqual(['one']);
  });
});
