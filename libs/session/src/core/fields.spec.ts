import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { decode } from './codec.js';
import { InvalidFieldNameError, UnserializableError, SessionTooLargeError } from './errors.js';
import { Fields } from './fields.js';
import { applyChanges, NO_TEXTS } from './texts.js';

const texts = (entries: Record<string, string>): Map<string, string> => new Map(Object.entries(entries));

/** The delta as plain data. */
function deltaOf(fields: Fields): { changes: Record<string, string | null>; replace: boolean } | undefined {
  const delta = fields.delta();
  return delta && { changes: Object.fromEntries(delta.changes), replace: delta.replace };
}

const changed = (changes: Record<string, string | null>) => ({ changes, replace: false });

describe('reading', () => {
  it('B-20 I8 is no change', () => {
    const fields = new Fields(texts({ a: '{"x":1}', b: '2' }));
    expect(fields.get('a')).toEqual({ x: 1 });
    expect(fields.has('b')).toBe(true);
    expect(fields.keys()).toEqual(['a', 'b']);
    expect(fields.get('nobody')).toBeUndefined();
    expect(fields.delta()).toBeUndefined();
  });

  it('gives the same value each time, so that nested changes meet', () => {
    const fields = new Fields(texts({ a: '{}' }));
    expect(fields.get('a')).toBe(fields.get('a'));
  });

  it('a field that nobody reads is not decoded', () => {
    const corrupt: string[] = [];
    const fields = new Fields(texts({ a: 'damaged', b: '1' }), (name) => corrupt.push(name));
    fields.set('b', 2);
    expect(fields.has('a')).toBe(true);
    expect(fields.keys()).toEqual(['a', 'b']);
    expect(deltaOf(fields)).toEqual(changed({ b: '2' }));
    expect(corrupt).toEqual([]);
  });
});

describe('changing', () => {
  it('B-27 only what changed is sent', () => {
    const fields = new Fields(texts({ a: '1', b: '2', c: '3' }));
    fields.set('a', 10);
    fields.delete('b');
    fields.set('d', 4);
    expect(deltaOf(fields)).toEqual(changed({ a: '10', b: null, d: '4' }));
  });

  it('B-21 an equal value is no change', () => {
    const fields = new Fields(texts({ a: '{"x":[1,2]}', b: '"t"' }));
    fields.set('a', { x: [1, 2] });
    fields.set('b', 't');
    expect(fields.delta()).toBeUndefined();
  });

  it('B-21 back to what it was is no change', () => {
    const fields = new Fields(texts({ a: '1' }));
    fields.set('a', 2);
    fields.set('a', 1);
    expect(fields.delta()).toBeUndefined();
    fields.delete('a');
    fields.set('a', 1);
    expect(fields.delta()).toBeUndefined();
  });

  it('B-21 a nested change is noticed without a word', () => {
    const fields = new Fields(texts({ cart: '{"items":[{"n":1}]}' }));
    const cart = fields.get('cart') as { items: { n: number }[] };
    cart.items[0]!.n = 2;
    expect(deltaOf(fields)).toEqual(changed({ cart: '{"items":[{"n":2}]}' }));
    cart.items[0]!.n = 1;
    expect(fields.delta()).toBeUndefined();
  });

  it('B-21 a nested change after set() is noticed too', () => {
    const fields = new Fields();
    const cart = { items: [1] };
    fields.set('cart', cart);
    cart.items.push(2);
    expect(deltaOf(fields)).toEqual(changed({ cart: '{"items":[1,2]}' }));
    expect(fields.get('cart')).toBe(cart);
  });

  it('B-52 a nested change of a Map is noticed', () => {
    const fields = new Fields();
    fields.set('seen', new Map([['a', 1]]));
    fields.accept(fields.delta()!);
    (fields.get('seen') as Map<string, number>).set('b', 2);
    const text = fields.delta()!.changes.get('seen');
    expect(decode(text!)).toEqual(new Map([['a', 1], ['b', 2]])); // prettier-ignore
  });

  it('B-53 what cannot be kept is refused at set(), and nothing is set', () => {
    const fields = new Fields(texts({ a: '1' }));
    expect(() => fields.set('a', () => 1)).toThrow(UnserializableError);
    expect(fields.get('a')).toBe(1);
    expect(fields.delta()).toBeUndefined();
  });

  it('B-53 what was made unfit by a nested change is refused at the latest when it is to be sent', () => {
    const fields = new Fields(texts({ a: '{}' }));
    (fields.get('a') as Record<string, unknown>)['f'] = () => 1;
    expect(() => fields.delta()).toThrow(UnserializableError);
    expect(() => fields.delta()).toThrow('a.f');
  });

  it('B-54 refuses a text longer than the limit, in bytes, and changes nothing', () => {
    const fields = new Fields();
    fields.set('a', 'tea', 5);
    expect(() => fields.set('a', 'téa', 5)).toThrow(SessionTooLargeError);
    expect(fields.get('a')).toBe('tea');
  });

  it('says whether the field was there', () => {
    const fields = new Fields(texts({ a: '1' }));
    fields.set('b', 1);
    expect(fields.delete('a')).toBe(true);
    expect(fields.delete('a')).toBe(false);
    expect(fields.delete('b')).toBe(true);
    expect(fields.delete('c')).toBe(false);
    expect(fields.keys()).toEqual([]);
    expect(deltaOf(fields)).toEqual(changed({ a: null }));
  });

  it('removed is removed, read before or not', () => {
    const fields = new Fields(texts({ a: '{}', b: '1' }));
    fields.get('a');
    fields.delete('a');
    fields.delete('b');
    expect([fields.get('a'), fields.has('a'), fields.get('b'), fields.has('b')]).toEqual([
      undefined,
      false,
      undefined,
      false,
    ]);
    expect(deltaOf(fields)).toEqual(changed({ a: null, b: null }));
  });

  it('a field that was never stored needs no removal', () => {
    const fields = new Fields();
    fields.set('a', 1);
    fields.delete('a');
    expect(fields.delta()).toBeUndefined();
  });

  it('undefined is a value: the field is there', () => {
    const fields = new Fields(texts({ a: '1' }));
    fields.set('a', undefined);
    expect(fields.has('a')).toBe(true);
    expect(fields.get('a')).toBeUndefined();
    expect(decode(fields.delta()!.changes.get('a')!)).toBeUndefined();
  });

  it('C-29 clear() removes what is stored and what was set, and is a change even when nothing was there', () => {
    const fields = new Fields(texts({ a: '1' }));
    fields.set('b', 2);
    fields.clear();
    expect(fields.keys()).toEqual([]);
    expect(fields.get('a')).toBeUndefined();
    expect(deltaOf(fields)).toEqual({ changes: {}, replace: true });
  });

  it('C-29 after clear() what is set is all that is left, equal to before or not', () => {
    const fields = new Fields(texts({ a: '1', b: '2' }));
    fields.clear();
    fields.set('a', 1);
    expect(deltaOf(fields)).toEqual({ changes: { a: '1' }, replace: true });
    expect(fields.keys()).toEqual(['a']);
    fields.delete('a');
    expect(deltaOf(fields)).toEqual({ changes: {}, replace: true });
  });
});

describe('names', () => {
  it.each([
    '__proto__',
    'constructor',
    'prototype',
    'hasOwnProperty',
    'toString',
    'then',
    '',
    ' ',
    '🍵',
    'n'.repeat(1_000),
  ])('B-55 C-30 %j is one like any other', (name) => {
    const fields = new Fields();
    expect([fields.has(name), fields.get(name)]).toEqual([false, undefined]);
    fields.set(name, { a: 1 });
    expect(fields.get(name)).toEqual({ a: 1 });
    expect(fields.delta()!.changes).toEqual(new Map([[name, '{"a":1}']]));
    fields.accept(fields.delta()!);
    expect(fields.keys()).toEqual([name]);
    expect(fields.delete(name)).toBe(true);
    expect(fields.delta()!.changes).toEqual(new Map([[name, null]]));
  });

  it.each(['a\0b', '\0', '\ud800', 'a\udfff'])('B-51 %j is refused, for no text column can hold it', (name) => {
    const fields = new Fields();
    expect(() => fields.set(name, 1)).toThrow(InvalidFieldNameError);
    expect(fields.keys()).toEqual([]);
  });

  it.each([undefined, null, 1, Symbol('x'), {}, ['a']])('D-10 %p is refused, for it is no text', (name) => {
    expect(() => new Fields().set(name as string, 1)).toThrow(InvalidFieldNameError);
  });
});

describe('a text that cannot be decoded', () => {
  it('C-38 reads as absent, is told, and stays as it is', () => {
    const corrupt: [string, unknown][] = [];
    const fields = new Fields(texts({ a: '{damaged', b: '1' }), (name, error) => corrupt.push([name, error]));
    expect(fields.get('a')).toBeUndefined();
    expect(corrupt).toEqual([['a', expect.any(Error)]]);
    expect(fields.get('b')).toBe(1);
    expect(fields.delta()).toBeUndefined();
    expect(fields.snapshot().changes.get('a')).toBe('{damaged');
  });

  it('C-38 can be set and removed like any other', () => {
    const fields = new Fields(texts({ a: '{damaged', b: '~damaged' }));
    fields.set('a', 1);
    fields.delete('b');
    expect(fields.get('a')).toBe(1);
    expect(deltaOf(fields)).toEqual(changed({ a: '1', b: null }));
  });
});

describe('what the store has acknowledged', () => {
  it('B-22 is no change any more', () => {
    const fields = new Fields(texts({ a: '1', b: '2' }));
    fields.set('a', 10);
    fields.delete('b');
    fields.accept(fields.delta()!);
    expect(fields.delta()).toBeUndefined();
    expect(fields.keys()).toEqual(['a']);
    fields.set('c', 3);
    expect(deltaOf(fields)).toEqual(changed({ c: '3' }));
  });

  it('B-22 after clear() too', () => {
    const fields = new Fields(texts({ a: '1', b: '2' }));
    fields.clear();
    fields.set('c', 3);
    fields.accept(fields.delta()!);
    expect(fields.delta()).toBeUndefined();
    expect(fields.keys()).toEqual(['c']);
  });

  it('I6 what was changed while it was being stored is sent next', () => {
    const fields = new Fields(texts({ a: '1', b: '2', c: '{"n":1}' }));
    fields.set('a', 10);
    (fields.get('c') as { n: number }).n = 2;
    const delta = fields.delta()!;
    fields.set('a', 11);
    fields.delete('b');
    fields.set('d', 4);
    (fields.get('c') as { n: number }).n = 3;
    fields.accept(delta);
    expect(deltaOf(fields)).toEqual(changed({ a: '11', b: null, c: '{"n":3}', d: '4' }));
  });

  it('I6 a field that was removed while it was being changed is removed next', () => {
    const fields = new Fields(texts({ a: '1' }));
    fields.set('a', 2);
    const delta = fields.delta()!;
    fields.delete('a');
    fields.accept(delta);
    expect(fields.has('a')).toBe(false);
    expect(deltaOf(fields)).toEqual(changed({ a: null }));
  });

  it('I6 a field that was set again while its removal was being stored is set next', () => {
    const fields = new Fields(texts({ a: '1' }));
    fields.delete('a');
    const delta = fields.delta()!;
    fields.set('a', 1);
    fields.accept(delta);
    expect(deltaOf(fields)).toEqual(changed({ a: '1' }));
  });

  it('I6 what was cleared while a change was being stored is cleared next', () => {
    const fields = new Fields(texts({ a: '1' }));
    fields.set('b', 2);
    const delta = fields.delta()!;
    fields.clear();
    fields.accept(delta);
    expect(fields.keys()).toEqual([]);
    expect(deltaOf(fields)).toEqual({ changes: {}, replace: true });
  });

  // A change that arrives between delta() and accept() is forgotten: the removal finds nothing stored to remove.
  it('I6 a new field that was removed while it was being stored is removed next', () => {
    const fields = new Fields();
    fields.set('a', 1);
    const delta = fields.delta()!;
    fields.delete('a');
    fields.accept(delta);
    expect(fields.has('a')).toBe(false);
    expect(deltaOf(fields)).toEqual(changed({ a: null }));
  });

  // accept() of the first clear() takes back the second one.
  it('I6 what was cleared again while a clear was being stored is cleared next', () => {
    const fields = new Fields(texts({ a: '1' }));
    fields.clear();
    fields.set('b', 2);
    const delta = fields.delta()!;
    fields.clear();
    fields.accept(delta);
    expect(fields.keys()).toEqual([]);
    expect(deltaOf(fields)).toEqual({ changes: {}, replace: true });
  });

  it('B-29 one field is known to be stored, and the others stay changed', () => {
    const fields = new Fields(texts({ count: '1', a: '1' }));
    fields.get('count');
    fields.set('a', 2);
    fields.acceptField('count', '2', 2);
    expect(fields.get('count')).toBe(2);
    expect(fields.storedText('count')).toBe('2');
    expect(deltaOf(fields)).toEqual(changed({ a: '2' }));
    fields.acceptField('count', null, undefined);
    expect(fields.has('count')).toBe(false);
    expect(deltaOf(fields)).toEqual(changed({ a: '2' }));
  });

  it('isChanged tells by field', () => {
    const fields = new Fields(texts({ a: '1', b: '{"n":1}', c: '3' }));
    (fields.get('b') as { n: number }).n = 2;
    fields.delete('c');
    fields.set('d', 4);
    expect(['a', 'b', 'c', 'd', 'e'].map((name) => fields.isChanged(name))).toEqual([false, true, true, true, false]);
    fields.clear();
    expect(fields.isChanged('a')).toBe(true);
  });
});

describe('sizes and texts', () => {
  it('D-7 count names and texts, in bytes', () => {
    expect(new Fields(texts({ a: '"é"', ü: '1' })).storedSize()).toBe(1 + 4 + 2 + 1);
    expect(new Fields().storedSize()).toBe(0);
  });

  it('texts() is everything as this request sees it', () => {
    const fields = new Fields(texts({ a: '1', b: '2', c: '3' }));
    fields.set('a', 10);
    fields.delete('b');
    expect(fields.snapshot().changes).toEqual(texts({ a: '10', c: '3' }));
    fields.clear();
    fields.set('d', 4);
    expect(fields.snapshot().changes).toEqual(texts({ d: '4' }));
  });
});

it('I6 for any sequence of calls, what was acknowledged and what is sent make up what the request sees', () => {
  const name = fc.constantFrom('a', 'b', 'c');
  const call = fc.oneof(
    fc.record({ does: fc.constant('set' as const), name, value: fc.nat(2) }),
    fc.record({ does: fc.constant('get' as const), name }),
    fc.record({ does: fc.constant('delete' as const), name }),
    fc.record({ does: fc.constant('clear' as const) }),
    fc.record({ does: fc.constant('save' as const) }),
  );
  const stored = fc.dictionary(name, fc.nat(2).map(String));
  const property = fc.property(stored, fc.array(call, { maxLength: 20 }), (given, calls) => {
    const seen = new Map(Object.entries(given).map(([key, text]) => [key, Number(text)]));
    let store: ReadonlyMap<string, string> = texts(given);
    const fields = new Fields(store);
    for (const one of calls) {
      if (one.does === 'set') fields.set(one.name, one.value);
      else if (one.does === 'get') expect(fields.get(one.name)).toBe(seen.get(one.name));
      else if (one.does === 'delete') expect(fields.delete(one.name)).toBe(seen.has(one.name));
      else if (one.does === 'clear') fields.clear();
      else {
        const delta = fields.delta();
        if (!delta) continue;
        store = fields.merged(delta);
        fields.accept(delta);
      }
      if (one.does === 'set') seen.set(one.name, one.value);
      else if (one.does === 'delete') seen.delete(one.name);
      else if (one.does === 'clear') seen.clear();
      expect(new Set(fields.keys())).toEqual(new Set(seen.keys()));
    }
    const delta = fields.delta();
    if (delta) store = applyChanges(delta.replace ? NO_TEXTS : store, delta.changes);
    expect(store).toEqual(new Map([...seen].map(([key, value]) => [key, String(value)])));
  });
  fc.assert(property, { numRuns: 500 });
});
