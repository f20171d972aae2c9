import assert from 'node:assert/strict';
import type { SessionStore } from '../../core/store.js';
import { assertSame, assertStored, copyOf, newStored, type Theme } from './theme.js';

/** Encoded texts. They hold no NUL and no lone surrogate, for the encoder escapes both. */
const TEXTS: Readonly<Record<string, string>> = {
  'an empty text': '',
  'text that is not JSON': "~[1] it's",
  'JSON null': 'null',
  'JSON in an order and a spacing of its own': '{"b":1,  "a":2 , "b":3}',
  'numbers as they are written': '[1.0,1e2,-0,12345678901234567890]',
  'accents and scripts': '"Grüße, Ελλάδα, 日本語, العربية"',
  'composed and decomposed letters': '"\u00e9 e\u0301"',
  'emoji beyond the basic plane': '"👩‍👩‍👧‍👦 🏳️‍🌈 𝄞"',
  'quotes and backslashes': '"\\"\\\\ \' ` \\\\"',
  'an escaped NUL': '"\\u0000"',
  'an escaped lone surrogate': '"\\ud800"',
  'an escaped line break': '"\\r\\n\\t"',
  'line breaks': '"a\r\nb\n\tc\u2028d"',
  'blanks at both ends': '  "x"  ',
  'percent, dollar and braces': '"%s %% $1 $$ ${x} {{x}} :x ?"',
  'what looks like SQL': `"'; DROP TABLE sessions; --"`,
  'control characters but NUL': '"\u0001\u001f\u007f\u0085"',
  '64 KiB': `"${'0123456789abcdef'.repeat(4_096)}"`,
  '64 KiB of emoji': `"${'🍵'.repeat(16_384)}"`,
};

/** Names of fields and of meta texts: any text without NUL and lone surrogates. */
const NAMES: readonly (readonly [string, string])[] = [
  ['__proto__', '__proto__'],
  ['constructor', 'constructor'],
  ['prototype', 'prototype'],
  ['hasOwnProperty', 'hasOwnProperty'],
  ['toString', 'toString'],
  ['toJSON', 'toJSON'],
  ['then', 'then'],
  ['the empty text', ''],
  ['one blank', ' '],
  ['a name of the record', 'expiresAt'],
  ['dots', 'a.b.c'],
  ['a path', '$.a[0]'],
  ['dollars', '$set'],
  ['quotes', `it's "quoted" \`so\``],
  ['backslashes', 'a\\b\\'],
  ['blanks inside and at the ends', ' a b '],
  ['a line break', 'a\r\nb'],
  ['a colon', 'a:b'],
  ['percent and underscore', '%_'],
  ['braces and commas', '{a,b}'],
  ['a number', '0'],
  ['another number', '10'],
  ['accents', 'Grüße'],
  ['emoji', '🍵'],
  ['1,000 characters', 'n'.repeat(1_000)],
];

/** Names that some engine might take for one another. */
const TWINS: readonly (readonly [string, string, string])[] = [
  ['case', 'cart', 'CART'],
  ['a blank at the end', 'cart', 'cart '],
  ['an accent', 'resume', 'résumé'],
  ['composition', 'caf\u00e9', 'cafe\u0301'],
  ['a dot', 'a.b', 'a'],
  ['__proto__ and constructor', '__proto__', 'constructor'],
];

function textTest(text: string): (store: SessionStore) => Promise<void> {
  return async (store) => {
    const record = await newStored(store, { fields: new Map([['a', text]]), meta: new Map([['m', text]]) });
    await assertStored(store, record);
    const [fields, meta] = [new Map([['b', text]]), new Map([['n', text]])];
    const expect = { fields: new Map([['a', text]]) };
    assert.equal(await store.update(record.id, { fields, meta, expect }, record.createdAt), 'ok');
    fields.set('a', text);
    meta.set('m', text);
    await assertStored(store, { ...record, version: 1, fields, meta });
  };
}

function nameTest(name: string): (store: SessionStore) => Promise<void> {
  return async (store) => {
    const others = new Map([['other', '"kept"']]);
    const one = new Map([...others, [name, '"one"']]);
    const record = await newStored(store, { fields: one, meta: one });
    const { createdAt: now, id } = record;
    await assertStored(store, record);
    const two = new Map([[name, '"two"']]);
    const expect = { fields: new Map([[name, '"one"']]) };
    assert.equal(await store.update(id, { fields: two, meta: two, expect }, now), 'ok');
    await assertStored(store, {
      ...record,
      version: 1,
      fields: new Map([...others, ...two]),
      meta: new Map([...others, ...two]),
    });
    const none = new Map([[name, null]]);
    assert.equal(await store.update(id, { fields: none, meta: none, expect: { fields: none } }, now), 'conflict');
    assert.equal(await store.update(id, { fields: none, meta: none, expect: {} }, now), 'ok');
    await assertStored(store, { ...record, version: 2, fields: others, meta: others });
    assert.equal(await store.update(id, { fields: two, expect: { fields: none } }, now), 'ok');
    await assertStored(store, { ...record, version: 3, fields: new Map([...others, ...two]), meta: others });
    assert.equal(({} as Record<string, unknown>)['two'], undefined);
  };
}

function twinTest(one: string, two: string): (store: SessionStore) => Promise<void> {
  return async (store) => {
    const fields = new Map([
      [one, '"one"'],
      [two, '"two"'],
    ]);
    const record = await newStored(store, { fields, meta: fields });
    await assertStored(store, record);
    const change = new Map([[one, null]]);
    assert.equal(await store.update(record.id, { fields: change, meta: change, expect: {} }, record.createdAt), 'ok');
    const left = new Map([[two, '"two"']]);
    await assertStored(store, { ...record, version: 1, fields: left, meta: left });
  };
}

/** What is kept, and that nobody else has a hand on it. */
export const data: readonly Theme[] = [
  {
    title: 'data',
    tests: {
      ...Object.fromEntries(
        Object.entries(TEXTS).map(([what, text]) => [`I19 B-51 ${what} comes back as it was given`, textTest(text)]),
      ),
      ...Object.fromEntries(NAMES.map(([what, name]) => [`B-55 C-30 C-31 a name may be ${what}`, nameTest(name)])),
      ...Object.fromEntries(
        TWINS.map(([what, one, two]) => [`B-55 names that differ by ${what} are two names`, twinTest(one, two)]),
      ),

      'B-55 200 fields come back as they were given': async (store) => {
        const fields = new Map(Array.from({ length: 200 }, (_, index) => [`field ${index}`, `"${index}"`]));
        const record = await newStored(store, { fields });
        await assertStored(store, record);
        const change = new Map([...fields.keys()].map((name, index) => [name, index % 2 ? null : '"changed"']));
        assert.equal(await store.update(record.id, { fields: change, expect: { fields } }, record.createdAt), 'ok');
        const left = new Map([...change].filter((entry): entry is [string, string] => entry[1] !== null));
        await assertStored(store, { ...record, version: 1, fields: left });
      },

      'B-56 changing what was given to create changes nothing stored': async (store) => {
        const record = await newStored(store, { fields: new Map([['a', '1']]), meta: new Map([['m', '1']]) });
        const given = copyOf({ ...record, id: `${record.id.slice(1)}_` });
        assert.equal(await store.create(given), true);
        tamper(given.fields);
        tamper(given.meta);
        (given as { userId?: string }).userId = 'mallory';
        await assertStored(store, { ...record, id: given.id });
      },

      'B-56 changing what was read changes nothing stored': async (store) => {
        const record = await newStored(store, { fields: new Map([['a', '1']]), meta: new Map([['m', '1']]) });
        const found = await store.read(record.id, record.createdAt);
        assert.ok(found);
        tamper(found.fields);
        tamper(found.meta);
        await assertStored(store, record);
      },

      'B-56 two reads share nothing': async (store) => {
        const record = await newStored(store, { fields: new Map([['a', '1']]), meta: new Map([['m', '1']]) });
        const [one, two] = [
          await store.read(record.id, record.createdAt),
          await store.read(record.id, record.createdAt),
        ];
        assert.ok(one && two);
        tamper(one.fields);
        tamper(one.meta);
        assertSame(two, record);
      },

      'B-56 changing what was given to update changes nothing stored': async (store) => {
        const record = await newStored(store);
        const [fields, meta] = [new Map([['a', '1']]), new Map([['m', '1']])];
        assert.equal(
          await store.update(record.id, { fields, meta, replace: true, expect: {} }, record.createdAt),
          'ok',
        );
        const after = { ...record, version: 1, fields: new Map(fields), meta: new Map(meta) };
        tamper(fields);
        tamper(meta);
        await assertStored(store, after);
      },

      'B-56 a record that was read stays as it was when the stored one changes': async (store) => {
        const record = await newStored(store, { fields: new Map([['a', '1']]), meta: new Map([['m', '1']]) });
        const found = await store.read(record.id, record.createdAt);
        const change = new Map([
          ['a', null],
          ['b', '2'],
        ]);
        assert.equal(
          await store.update(record.id, { fields: change, meta: change, expect: {} }, record.createdAt),
          'ok',
        );
        assert.ok(found);
        assertSame(found, record);
      },
    },
  },
];

/** What the type forbids, but a cast or plain JavaScript does. */
function tamper(texts: ReadonlyMap<string, string>): void {
  const map = texts as Map<string, string>;
  map.set('planted', '"by reference"');
  map.delete('a');
  map.delete('m');
}
