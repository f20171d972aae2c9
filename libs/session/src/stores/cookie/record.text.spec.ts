import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { decode, encode } from '../../core/codec.js';
import type { SessionRecord } from '../../core/record.js';
import { decodeRecord, encodeRecord, MAX_PLAIN } from './record.text.js';

const RECORD: SessionRecord = {
  id: 'A'.repeat(24),
  name: 'session',
  secretHash: '',
  generation: 2,
  version: 7,
  fields: new Map([
    ['cart', '["tea"]'],
    ['user', '"ada"'],
  ]),
  meta: new Map([['idle', '1800000']]),
  userId: 'ada',
  createdAt: 1_800_000_000_000,
  authenticatedAt: 1_800_000_000_001,
  expiresAt: 1_800_001_800_001,
  absoluteExpiresAt: 1_800_043_200_001,
};

const roundTrip = (record: SessionRecord, compress: boolean): SessionRecord =>
  decodeRecord(encodeRecord(record, compress), record.name);

/** As stores may get them: any text, but for lone surrogates. */
const text = fc.string({ unit: 'grapheme' });
const texts = fc.array(fc.tuple(text, text), { maxLength: 8 }).map((entries) => new Map(entries));

describe.each([
  ['plain', false],
  ['compressed', true],
])('a record, %s', (_how, compress) => {
  it('comes back as it was', () => {
    expect(roundTrip(RECORD, compress)).toEqual(RECORD);
    const stranger = { ...RECORD, userId: undefined, authenticatedAt: undefined, fields: new Map(), meta: new Map() };
    expect(roundTrip(stranger, compress)).toEqual(stranger);
  });

  it('I19 has the texts it had, whatever they and their names are', () => {
    fc.assert(
      fc.property(texts, texts, (fields, meta) => {
        const record = { ...RECORD, fields, meta };
        expect(roundTrip(record, compress)).toEqual(record);
      }),
    );
  });

  it.each([
    ['B-51 NUL and lone surrogates', 'a\0b\ud800c\udc00'],
    ['line breaks', 'a\nb\r\u2028'],
    ['B-52 what JSON has no words for', new Map([[new Date(0), 12n]])],
    ['C-31 names that are none', JSON.parse('{"__proto__":{"isAdmin":true},"constructor":1}')],
  ])('I19 keeps %s', (_what, value) => {
    const record = { ...RECORD, fields: new Map([['value', encode(value, 'value')]]) };
    expect(decode(roundTrip(record, compress).fields.get('value')!)).toEqual(value);
  });

  it('C-31 B-55 keeps field names that are none in a map', () => {
    const fields = new Map(['__proto__', 'constructor', '', '0', '\n'].map((name) => [name, '1']));
    expect(roundTrip({ ...RECORD, fields }, compress).fields).toEqual(fields);
    expect(({} as Record<string, unknown>)['isAdmin']).toBeUndefined();
  });
});

describe('compression', () => {
  const repetitive = { ...RECORD, fields: new Map([['list', JSON.stringify(Array(500).fill('tea'))]]) };

  it('is there when it makes it smaller', () => {
    expect(encodeRecord(repetitive, true).length).toBeLessThan(encodeRecord(repetitive, false).length / 5);
  });

  it('is not when it does not', () => {
    const short = { ...RECORD, fields: new Map(), meta: new Map() };
    const compressed = encodeRecord({ ...short, userId: undefined }, true);
    expect(compressed.length).toBeLessThanOrEqual(encodeRecord({ ...short, userId: undefined }, false).length);
  });

  it('B-57 what is not compressed is written the same way for ever', () => {
    expect(encodeRecord(RECORD, false).toString()).toBe(
      '\0["AAAAAAAAAAAAAAAAAAAAAAAA","ada",2,7,1800000000000,1800000000001,1800001800001,1800043200001,' +
        '["cart",7,"user",5],["idle",7]]\n["tea"]"ada"1800000',
    );
  });

  it('is read whether or not it is switched on', () => {
    expect(decodeRecord(encodeRecord(repetitive, true), 'session')).toEqual(repetitive);
    expect(decodeRecord(encodeRecord(repetitive, false), 'session')).toEqual(repetitive);
  });

  it('of more than may come out again is not done', () => {
    const large = { ...RECORD, fields: new Map([['list', 'x'.repeat(MAX_PLAIN)]]) };
    expect(encodeRecord(large, true).length).toBeGreaterThan(MAX_PLAIN);
  });

  it('D-7 a bomb is not let out', () => {
    const bomb = Buffer.concat([Buffer.of(1), deflateRawSync(Buffer.alloc(20_000_000))]);
    expect(() => decodeRecord(bomb, 'session')).toThrow('larger than 262144 bytes');
  });
});

describe('bytes that are no record', () => {
  const head = (change: (head: unknown[]) => void): Buffer => {
    const [line = ''] = encodeRecord(RECORD, false).subarray(1).toString().split('\n');
    const parsed = JSON.parse(line) as unknown[];
    change(parsed);
    return Buffer.concat([Buffer.of(0), Buffer.from(`${JSON.stringify(parsed)}\n["tea"]"ada"1800000`)]);
  };

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['another way of writing', Buffer.from('\x02[]\n')],
    ['no JSON', Buffer.from('\0hello')],
    ['no list', Buffer.from('\0{}\n')],
    ['null', Buffer.from('\0null\n')],
    ['an empty list', Buffer.from('\0[]\n')],
    ['broken compression', Buffer.from('\x01hello')],
    ['an id that is none', head((parsed) => (parsed[0] = '../x'))],
    ['a user who is no text', head((parsed) => (parsed[1] = { toString: 'x' }))],
    ['an end that is no number', head((parsed) => (parsed[6] = '1e9'))],
    ['no fields', head((parsed) => (parsed[8] = null))],
    ['fields that are no list', head((parsed) => (parsed[8] = { __ts: 'Date' }))],
  ])('C-20 %s', (_what, bytes) => {
    expect(() => decodeRecord(bytes, 'session')).toThrow();
  });

  it('the head of the test is one that is read', () => {
    expect(
      decodeRecord(
        head(() => {}),
        'session',
      ),
    ).toEqual(RECORD);
  });
});
