import { randomBytes, webcrypto } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { SealCipher } from './seal.cipher.js';

const { subtle } = webcrypto;

const OLD = 'an old secret of at least thirty-two bytes, retired';
const NEW = 'a new secret of at least thirty-two bytes, in force';
const BOUND = ['session', '__Host-sid'];
const PLAIN = Buffer.from('{"cart":["tea"]}');

const cipher = new SealCipher([NEW, OLD], BOUND);

/** What is wrong with a text, or what is in it. */
function outcome(text: string, by = cipher): string {
  const opened = by.open(text);
  return typeof opened === 'string' ? opened : opened.plain.toString();
}

const REFUSED = /^(malformed|signature)$/;

describe('a seal', () => {
  it('opens to what was sealed, and takes as much room as was said', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 3_000 }), (bytes) => {
        const text = cipher.seal(Buffer.from(bytes));
        expect(text).toMatch(/^[\w-]+$/);
        expect(text).toHaveLength(SealCipher.lengthOf(bytes.length));
        expect(cipher.open(text)).toEqual({ plain: Buffer.from(bytes), outdated: false });
      }),
    );
  });

  it('B-57 is made the same way for ever: one of another release opens', () => {
    const golden = 'ATygDv1-BwcHBwcHBwcHBwcHwi3yCrIdRLHuDsmM0oNwOzpWTdLINhT4mV7Kh94HZxs';
    const fixed = new SealCipher([NEW], BOUND, (size) => Buffer.alloc(size, 7));
    expect(fixed.seal(PLAIN)).toBe(golden);
    expect(outcome(golden)).toBe(String(PLAIN));
  });

  it('R-46 is HKDF and AES-GCM by the book: another implementation opens it', async () => {
    const bytes = Buffer.from(cipher.seal(PLAIN), 'base64url');
    const purpose = 'nest-sessions seal v1';
    const head = bytes.subarray(0, 6);
    const ikm = await subtle.importKey('raw', Buffer.from(NEW), 'HKDF', false, ['deriveBits']);
    const derivation = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: Buffer.from(purpose) };
    const derived = Buffer.from(await subtle.deriveBits(derivation, ikm, 37 * 8));
    expect(head).toEqual(Buffer.concat([Buffer.of(1), derived.subarray(32)]));
    const key = await subtle.importKey('raw', derived.subarray(0, 32), 'AES-GCM', false, ['decrypt']);
    const additionalData = Buffer.from([purpose, ...BOUND, head.toString('base64url')].join('\n'));
    const algorithm = { name: 'AES-GCM', iv: bytes.subarray(6, 18), additionalData, tagLength: 128 };
    expect(Buffer.from(await subtle.decrypt(algorithm, key, bytes.subarray(18)))).toEqual(PLAIN);
  });

  it('R-47 is never the same twice', () => {
    const nonces = Array.from({ length: 5_000 }, () => cipher.seal(PLAIN).slice(8, 24));
    expect(new Set(nonces).size).toBe(nonces.length);
  });

  it.each([1, 2, 3, 16])('C-18 with any bit of its text or its bytes flipped is refused (%i bytes)', (length) => {
    // The lengths leave different numbers of bits over in the last character.
    const text = cipher.seal(PLAIN.subarray(0, length));
    for (let index = 0; index < text.length; index++) {
      for (let bit = 0; bit < 8; bit++) {
        const flipped = String.fromCharCode(text.charCodeAt(index) ^ (1 << bit));
        expect(outcome(text.slice(0, index) + flipped + text.slice(index + 1))).toMatch(REFUSED);
      }
    }
    for (let bit = 0; bit < Buffer.from(text, 'base64url').length * 8; bit++) {
      const bytes = Buffer.from(text, 'base64url');
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      expect(outcome(bytes.toString('base64url'))).toBe('signature');
    }
  });

  it('C-18 that lacks something, or has something more, is refused', () => {
    const text = cipher.seal(PLAIN);
    for (let length = 0; length < text.length; length++) {
      expect(outcome(text.slice(0, length))).toMatch(REFUSED);
      expect(outcome(text.slice(text.length - length))).toMatch(length === text.length ? /./ : REFUSED);
    }
    for (const more of ['A', 'AAAA', '=', '==', ' ', '.', '\n', '%3D']) {
      expect(outcome(text + more)).toMatch(REFUSED);
      expect(outcome(more + text)).toMatch(REFUSED);
    }
  });

  it('C-18 is base64url and nothing that Node would take for it', () => {
    const withBoth = Array.from({ length: 100 }, () => cipher.seal(PLAIN)).find((text) => /-.*_|_.*-/.test(text))!;
    expect(outcome(withBoth.replaceAll('-', '+').replaceAll('_', '/'))).toMatch(REFUSED);
    expect(outcome(` ${withBoth}`.slice(0, withBoth.length))).toMatch(REFUSED);
  });

  it('D-13 that is shorter or longer than can be is looked at no further', () => {
    for (const length of [0, 1, 46, 12_289, 1_000_000]) expect(outcome('A'.repeat(length))).toBe('malformed');
  });

  it('C-18 no text makes it throw', () => {
    const { length } = cipher.seal(PLAIN);
    const head = cipher.seal(PLAIN).slice(0, 8);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 2 * length }), (text) => {
        expect(outcome(text)).toMatch(REFUSED);
        expect(outcome(head + text)).toMatch(REFUSED);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ['another session', ['admin', '__Host-sid']],
    ['another cookie', ['session', '__Host-other']],
    ['no cookie', ['session', '']],
    ['names that meet in the same text', ['session\n__Host-sid', '']],
    ['another purpose', []],
  ])('C-14 C-19 of %s is refused', (_of, boundTo) => {
    expect(outcome(new SealCipher([NEW], boundTo).seal(PLAIN))).toBe('signature');
  });
});

describe('the keys of a seal', () => {
  it('B-10 the first seals, the others open, and it is told', () => {
    const before = new SealCipher([OLD], BOUND).seal(PLAIN);
    expect(cipher.open(before)).toEqual({ plain: PLAIN, outdated: true });
    expect(cipher.open(cipher.seal(PLAIN))).toEqual({ plain: PLAIN, outdated: false });
    expect(outcome(before, new SealCipher([NEW], BOUND))).toBe('signature');
  });

  it('R-47 D-13 the one that a text names is the only one that is tried', () => {
    const before = new SealCipher([OLD], BOUND).seal(PLAIN);
    const now = cipher.seal(PLAIN);
    expect(outcome(now.slice(0, 8) + before.slice(8))).toBe('signature');
    expect(outcome(before.slice(0, 8) + now.slice(8))).toBe('signature');
  });

  it('one that is given twice is the first', () => {
    const twice = new SealCipher([NEW, OLD, NEW], BOUND);
    expect(twice.open(twice.seal(PLAIN))).toMatchObject({ outdated: false });
  });

  it.each([0, 11, 16])('F27 C-39 a random source that gives %i bytes is refused', (size) => {
    const broken = new SealCipher([NEW], BOUND, () => randomBytes(size));
    expect(() => broken.seal(PLAIN)).toThrow('too few bytes');
  });
});
