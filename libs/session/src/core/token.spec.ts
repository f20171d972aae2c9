import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { hashSecret, isSessionId, sameHash, TokenFormat } from './token.js';

const KEY = 'first key, of more than thirty-two bytes';
const OLD_KEY = 'second key, of more than thirty-two bytes';
const ALPHABET = /^[A-Za-z0-9_-]+$/;

const unsigned = new TokenFormat('session');
const signed = new TokenFormat('session', [KEY]);

describe('a new token', () => {
  it('R-1 is an id of 18 and a secret of 24 random bytes, in base64url', () => {
    const asked: number[] = [];
    const bytes = randomBytes(42);
    const format = new TokenFormat('session', [], (size) => {
      asked.push(size);
      return bytes;
    });
    const { id, secret } = format.mint();
    expect(asked).toEqual([42]);
    expect(id).toBe(bytes.subarray(0, 18).toString('base64url'));
    expect(secret).toBe(bytes.subarray(18).toString('base64url'));
    expect([id.length, secret.length]).toEqual([24, 32]);
  });

  it('R-6 is another one each time', () => {
    const tokens = Array.from({ length: 5_000 }, () => unsigned.mint());
    expect(new Set(tokens.map(({ id }) => id)).size).toBe(5_000);
    expect(new Set(tokens.map(({ secret }) => secret)).size).toBe(5_000);
  });

  it('for an id that stays has another secret', () => {
    const token = unsigned.mint();
    const again = unsigned.remint(token.id);
    expect(again.id).toBe(token.id);
    expect(again.secret).toHaveLength(32);
    expect(again.secret).not.toBe(token.secret);
  });

  it.each([0, 1, 41, 43, 64])('C-39 a random source that gives %d bytes gives no token', (size) => {
    const format = new TokenFormat('session', [KEY], () => randomBytes(size));
    expect(() => format.mint()).toThrow(/random source/);
    expect(() => format.remint('A'.repeat(24))).toThrow(/random source/);
  });

  it('C-39 F27 a random source that throws gives no token', () => {
    const format = new TokenFormat('session', [], () => {
      throw new Error('no entropy');
    });
    expect(() => format.mint()).toThrow('no entropy');
  });
});

describe('a token as text', () => {
  it('without keys is id and secret, 56 characters', () => {
    const token = unsigned.mint();
    expect(unsigned.format(token)).toBe(token.id + token.secret);
    expect(unsigned.format(token)).toMatch(/^[\w-]{56}$/);
  });

  it('with a key has a point and a signature of 43 characters behind it', () => {
    const token = signed.mint();
    expect(signed.format(token)).toMatch(/^[\w-]{56}\.[\w-]{43}$/);
    expect(signed.format(token).startsWith(token.id + token.secret)).toBe(true);
    expect(signed.format(token)).toBe(signed.format(token));
  });

  it.each([
    ['unsigned', unsigned],
    ['signed', signed],
  ])('I19 %s is taken apart again', (_, format) => {
    for (let round = 0; round < 100; round++) {
      const token = format.mint();
      expect(format.parse(format.format(token))).toEqual({ ...token, outdated: false });
    }
  });
});

describe('R-47 changing keys', () => {
  const token = signed.mint();

  it('a token signed with an old key is good, and marked as outdated', () => {
    const before = new TokenFormat('session', [OLD_KEY]).format(token);
    const both = new TokenFormat('session', [KEY, OLD_KEY]);
    expect(both.parse(before)).toEqual({ ...token, outdated: true });
  });

  it('the first key signs', () => {
    expect(new TokenFormat('session', [KEY, OLD_KEY]).format(token)).toBe(signed.format(token));
    expect(new TokenFormat('session', [KEY, OLD_KEY]).parse(signed.format(token))).toMatchObject({ outdated: false });
  });

  it('a key that was taken off the list opens nothing', () => {
    const before = new TokenFormat('session', [OLD_KEY]).format(token);
    expect(signed.parse(before)).toBe('signature');
  });

  it('without keys there is no way around a signature, nor with keys around its absence', () => {
    expect(unsigned.parse(signed.format(token))).toBe('malformed');
    expect(signed.parse(unsigned.format(token))).toBe('malformed');
  });
});

describe('a token that is not ours', () => {
  const text = signed.format(signed.mint());

  it('C-18 is refused with any one bit changed', () => {
    const accepted: string[] = [];
    for (let at = 0; at < text.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const changed = text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ (1 << bit)) + text.slice(at + 1);
        if (typeof signed.parse(changed) !== 'string') accepted.push(changed);
      }
    }
    expect(accepted).toEqual([]);
  });

  it('C-18 is refused with any one character changed to any other of the alphabet', () => {
    const accepted: string[] = [];
    for (let at = 0; at < text.length; at++) {
      for (const other of 'ABCXYZabcxyz0189-_.') {
        const changed = text.slice(0, at) + other + text.slice(at + 1);
        if (changed !== text && typeof signed.parse(changed) !== 'string') accepted.push(changed);
      }
    }
    expect(accepted).toEqual([]);
  });

  it('R-4 is malformed with any one character that is not of the alphabet', () => {
    const bare = unsigned.format(unsigned.mint());
    const accepted: string[] = [];
    for (let code = 0; code < 0x250; code++) {
      const character = String.fromCharCode(code);
      if (ALPHABET.test(character)) continue;
      for (const at of [0, 23, 24, 55]) {
        if (unsigned.parse(bare.slice(0, at) + character + bare.slice(at + 1)) !== 'malformed')
          accepted.push(character);
        if (signed.parse(text.slice(0, at) + character + text.slice(at + 1)) !== 'malformed') accepted.push(character);
      }
    }
    expect(accepted).toEqual([]);
  });

  it('C-18 is refused with halves of two good ones', () => {
    const other = signed.format(signed.mint());
    for (const at of [24, 56, 57]) expect(signed.parse(text.slice(0, at) + other.slice(at))).toBe('signature');
  });

  it('C-14 C-19 is refused under another session’s name', () => {
    const admin = new TokenFormat('admin', [KEY]);
    expect(admin.parse(text)).toBe('signature');
    expect(signed.parse(admin.format(admin.mint()))).toBe('signature');
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a number', 42],
    ['a list with a good one', [text]],
    ['an object that turns into a good one', { toString: () => text, length: text.length }],
    ['a boxed string', Object(text)],
    ['a Buffer', Buffer.from(text)],
    ['the empty text', ''],
    ['one character less', text.slice(0, -1)],
    ['one character more', `${text}A`],
    ['a blank before it', ` ${text}`],
    ['a blank after it', `${text} `],
    ['a line break after it', `${text}\n`],
    ['quotes around it', `"${text}"`],
    ['padding', `${text.slice(0, -1)}=`],
    ['plus and slash for minus and underscore', text.replace(/[\w-]/, '+').replace(/[\w-]/, '/')],
    ['no point', text.replace('.', 'A')],
    ['a point in the wrong place', `.${text.replace('.', '')}`],
    ['two points', `.${text.slice(1)}`],
    ['a letter beyond ASCII', `é${text.slice(1)}`],
    ['a letter that is wide', `Ａ${text.slice(1)}`],
    ['a lone surrogate', `\ud800${text.slice(1)}`],
    ['NUL', `\0${text.slice(1)}`],
    ['percent-encoding', encodeURIComponent(`${text.slice(0, 10)}%`)],
    ['a path', '../'.repeat(34).slice(0, text.length)],
    ['4 KiB', 'A'.repeat(4_096)],
  ])('C-15 C-21 D-10 is malformed: %s', (_, given) => {
    expect(signed.parse(given)).toBe('malformed');
    expect(unsigned.parse(given)).toBe('malformed');
  });

  it('R-4 is malformed, whatever it is', () => {
    fc.assert(
      fc.property(fc.anything(), (given) => signed.parse(given) === 'malformed'),
      { numRuns: 1_000 },
    );
  });

  it('D-1 costs little: 100,000 malformed ones in a second', () => {
    const startedAt = performance.now();
    for (let round = 0; round < 100_000; round++) signed.parse(' '.repeat(100));
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });
});

describe('the hash of a secret', () => {
  it('R-7 is its SHA-256', () => {
    const { secret } = unsigned.mint();
    expect(hashSecret(secret)).toBe(createHash('sha256').update(secret).digest('base64url'));
    expect(hashSecret('')).toBe('47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU');
  });

  it('C-17 is compared in full', () => {
    const hash = hashSecret('a');
    expect(sameHash(hash, hash.slice())).toBe(true);
    expect(sameHash(hash, hashSecret('b'))).toBe(false);
    expect(sameHash(hash, `${hash.slice(0, -1)}_`)).toBe(false);
    expect(sameHash(hash, hash.slice(1))).toBe(false);
    expect(sameHash(hash, '')).toBe(false);
  });

  // C-38: what a store gives back may be damaged; it is not to end in a RangeError.
  it('C-38 is another one than a text of as many characters and more bytes', () => {
    const hash = hashSecret('a');
    expect(sameHash(hash, `é${hash.slice(1)}`)).toBe(false);
  });
});

describe('isSessionId', () => {
  it('knows ids', () => {
    expect(isSessionId(unsigned.mint().id)).toBe(true);
    expect(isSessionId('-_'.repeat(12))).toBe(true);
  });

  it.each([undefined, null, 24, '', 'A'.repeat(23), 'A'.repeat(25), `${'A'.repeat(23)}=`, `${'A'.repeat(23)} `])(
    'C-15 C-21 refuses %p',
    (given) => expect(isSessionId(given)).toBe(false),
  );

  it.each([[['A'.repeat(24)]], [Array(24).fill('A')], [{ length: 24 }], [Buffer.alloc(24, 'A')]])(
    'D-10 refuses what is no text: %j',
    (given) => expect(isSessionId(given)).toBe(false),
  );

  it.each(['../../../../../../../../', 'a'.repeat(22) + '\r\n', `${'a'.repeat(23)}\0`, `${'é'.repeat(24)}`])(
    'C-15 C-21 refuses what only has the length of one: %j',
    (given) => {
      expect(given).toHaveLength(24);
      expect(isSessionId(given)).toBe(false);
      expect(given).not.toMatch(ALPHABET);
    },
  );
});
