import { inspect } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { SessionConfigError, SessionTooLargeError } from '../../core/errors.js';
import type { SessionRecord } from '../../core/record.js';
import { isSealedBackend, type SealContext } from '../../core/sealed.js';
import type { SessionStore } from '../../core/store.js';
import { TokenFormat } from '../../core/token.js';
import type { CookieSessionStoreOptions } from './cookie.options.js';
import { CookieSessionStore } from './cookie.store.js';
import { SealCipher } from './seal.cipher.js';

const DAY = 86_400_000;
const SECRET = 'correct horse battery staple, thirty-two bytes';
const OTHER = 'another secret of at least thirty-two bytes, say';
/** The cookie store only hands it on. */
const ANY_STORE = {} as SessionStore;
const CONTEXT: SealContext = {
  name: 'session',
  carrier: 'sid',
  keys: [SECRET],
  longestLife: 90 * DAY,
  capacity: 4_000,
};

function recordWith(fields: Record<string, string>): SessionRecord {
  return {
    id: 'A'.repeat(24),
    name: 'session',
    secretHash: '',
    generation: 0,
    version: 0,
    fields: new Map(Object.entries(fields)),
    meta: new Map(),
    createdAt: 0,
    expiresAt: 1,
    absoluteExpiresAt: 2,
  };
}

function prepared(context: Partial<SealContext> = {}, options: CookieSessionStoreOptions = {}): CookieSessionStore {
  const store = new CookieSessionStore({ acceptReplayFor: '90d', ...options });
  store.prepare({ ...CONTEXT, ...context });
  return store;
}

const RECORD = recordWith({ cart: '["tea"]' });

describe('CookieSessionStore', () => {
  it('is a sealed backend, and says what it cannot do', () => {
    expect(isSealedBackend(prepared())).toBe(true);
    expect(isSealedBackend({ open() {}, read() {}, create() {} })).toBe(false);
    expect(prepared().guarantees).toEqual({
      atomicUpdate: false,
      oneLiveToken: false,
      revocable: false,
      listable: false,
    });
    expect(new CookieSessionStore({ revocations: ANY_STORE }).guarantees).toEqual({
      atomicUpdate: false,
      oneLiveToken: true,
      revocable: true,
      listable: false,
    });
  });

  it('gives back what was sealed', () => {
    const store = prepared();
    expect(store.open(store.seal(RECORD))).toEqual({ record: RECORD, outdated: false });
  });

  it('R-47 opens one the same however often, and nothing that only looks like it', () => {
    const store = prepared();
    const text = store.seal(RECORD);
    for (let time = 0; time < 3; time++) {
      expect(store.open(text)).toEqual({ record: RECORD, outdated: false });
      expect(store.open(`${text.slice(0, -2)}${text.endsWith('AA') ? 'BB' : 'AA'}`)).toBe('signature');
      expect(store.open(`${text} `)).toBe('malformed');
      expect(prepared({ name: 'another' }).open(text)).toBe('signature');
    }
  });

  it('D-13 remembers no more of compressed ones than of others', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const store = prepared({}, { compress: true });
    const large = recordWith({ draft: JSON.stringify('a'.repeat(40_000)) });
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let count = 0; count < 1_000; count++) {
      const text = store.seal(large);
      for (let time = 0; time < 2; time++) store.open(text);
    }
    collect();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(10_000_000);
    expect(store.open(store.seal(large))).toEqual({ record: large, outdated: false });
  });

  it('B-10 R-47 says that a seal is of an old key', () => {
    const text = prepared().seal(RECORD);
    expect(prepared({ keys: [OTHER, SECRET] }).open(text)).toEqual({ record: RECORD, outdated: true });
  });

  it.each<[string, Partial<SealContext>]>([
    ['session', { name: 'admin' }],
    ['cookie', { carrier: '__Host-sid' }],
    ['transport', { carrier: undefined }],
    ['key', { keys: [OTHER] }],
  ])('C-14 C-19 R-46 a seal of another %s is refused', (_what, context) => {
    expect(prepared(context).open(prepared().seal(RECORD))).toBe('signature');
  });

  it('C-19 what else the secret signs is no seal', () => {
    const tokens = new TokenFormat('session', [SECRET]);
    expect(prepared().open(tokens.format(tokens.mint()))).toBe('signature');
  });

  it.each(['{}', JSON.stringify({ userId: 'admin' }), 'bnVsbA', 'eyJ1c2VySWQiOiJhZG1pbiJ9'.repeat(3), 'null', '0'])(
    'C-18 there is no second decoder: %s',
    (text) => {
      expect(prepared().open(text)).toMatch(/^(malformed|signature)$/);
    },
  );

  it('C-18 C-20 a good seal of something else is an answer too, not an exception', () => {
    const store = prepared();
    const cipher = new SealCipher([SECRET], ['session', 'sid']);
    expect(store.open(cipher.seal(Buffer.from('\0hello')))).toBe('malformed');
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), (bytes) => {
        expect(store.open(cipher.seal(Buffer.from(bytes)))).toBe('malformed');
      }),
    );
  });
});

describe('what a cookie can hold', () => {
  const filled = (length: number) => recordWith({ text: 'x'.repeat(length) });

  /** The longest text that fits. */
  function room(store: CookieSessionStore): number {
    let length = 1;
    while (fits(store, length)) length++;
    return length - 1;
  }

  function fits(store: CookieSessionStore, length: number): boolean {
    try {
      return store.seal(filled(length)).length <= 1_000;
    } catch {
      return false;
    }
  }

  it('R-30 B-63 is told to the byte', () => {
    const store = prepared({ capacity: 1_000 });
    const most = room(store);
    expect(store.seal(filled(most)).length).toBeGreaterThan(996);
    let thrown: unknown;
    try {
      store.seal(filled(most + 1));
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(SessionTooLargeError);
    expect(thrown).toMatchObject({ limit: 1_000 });
    expect((thrown as SessionTooLargeError).size).toBeGreaterThan(1_000);
    expect((thrown as SessionTooLargeError).size).toBeLessThan(1_003);
    expect(String(thrown)).toMatch(
      /would be 100\d bytes, more than its cookie can hold \(1000\).*compress: true or chunks: 2/,
    );
    expect(String(thrown)).not.toContain('xxx');
  });

  it('is a cookie’s worth where the transport names no limit', () => {
    const store = prepared({ capacity: undefined });
    expect(() => store.seal(filled(4_000))).toThrow('(4096)');
  });

  it('is more with compression, and what is left to do is said', () => {
    const options = { compress: true, chunks: 2 };
    const store = prepared({ capacity: 1_000 }, options);
    const { record } = store.open(store.seal(filled(30_000))) as { record: SessionRecord };
    expect(record).toEqual(filled(30_000));
    const noise = recordWith({
      text: Buffer.from(Array.from({ length: 3_000 }, (_, i) => (i * i * 31) % 251)).toString('base64'),
    });
    expect(() => store.seal(noise)).toThrow('or use a store that keeps sessions on the server');
  });

  it('is never so much that it would not open again', () => {
    const store = prepared({ capacity: 1_000 }, { compress: true });
    expect(() => store.seal(filled(300_000))).toThrow(SessionTooLargeError);
  });
});

describe('the set-up of a CookieSessionStore', () => {
  const build = (options: unknown) => () => new CookieSessionStore(options as CookieSessionStoreOptions);

  it.each<[string, unknown, string]>([
    ['nothing', {}, '{ acceptReplayFor: "90d" } accepts it'],
    ['both', { acceptReplayFor: 1, revocations: ANY_STORE }, 'exclude each other'],
    ['an unknown option', { acceptReplayFor: 1, ttl: 5 }, 'there is no option "ttl"'],
    ['a duration that is none', { acceptReplayFor: 'long' }, "acceptReplayFor is 'long'"],
    ['an empty duration', { acceptReplayFor: '' }, "acceptReplayFor is ''"],
    ['a negative duration', { acceptReplayFor: -1 }, 'acceptReplayFor is -1'],
    ['no number', { acceptReplayFor: NaN }, 'acceptReplayFor is NaN'],
    ['no chunk', { acceptReplayFor: 1, chunks: 0 }, 'chunks is 0, and must be a whole number from 1 to 3'],
    ['D-12 more chunks than Node takes', { acceptReplayFor: 1, chunks: 4 }, 'chunks is 4'],
    ['half a chunk', { acceptReplayFor: 1, chunks: 1.5 }, 'chunks is 1.5'],
    [
      'R-48 no key',
      { acceptReplayFor: 1, keys: [] },
      'keys is an empty list, and must be a string or a list of strings',
    ],
    [
      'R-48 a short key',
      { acceptReplayFor: 1, keys: [SECRET, 'short'] },
      'keys[1] is a string of 5 bytes, and must be',
    ],
    ['R-48 a feeble key', { acceptReplayFor: 1, keys: 'abc'.repeat(20) }, 'made of a few repeated characters'],
    ['compression that is no answer', { acceptReplayFor: 1, compress: 'yes' }, 'compress is yes'],
  ])('R-16 %s is refused', (_what, options, message) => {
    expect(build(options)).toThrow(SessionConfigError);
    expect(build(options)).toThrow(message);
  });

  it('C-5 R-16 a replay that is shorter than a life is refused, with what to write instead', () => {
    const store = new CookieSessionStore({ acceptReplayFor: '12h' });
    expect(() => store.prepare(CONTEXT)).toThrow("acceptReplayFor is '12h', but a session can live for '90d'");
    expect(() => store.prepare(CONTEXT)).toThrow("Write acceptReplayFor: '90d'");
    expect(() => store.prepare({ ...CONTEXT, longestLife: 12 * 3_600_000 })).not.toThrow();
    // No text of the library is exact here.
    const odd = { ...CONTEXT, longestLife: 90 * DAY + 1 };
    expect(() => new CookieSessionStore({ acceptReplayFor: '90d' }).prepare(odd)).toThrow(
      'acceptReplayFor: 7776000001 ms',
    );
  });

  it('R-48 its own keys go before the secret of the module', () => {
    const own = prepared({}, { keys: [OTHER] });
    expect(prepared({ keys: [OTHER] }).open(own.seal(RECORD))).toEqual({ record: RECORD, outdated: false });
    expect(prepared().open(own.seal(RECORD))).toBe('signature');
    const rotated = prepared({ keys: [] }, { keys: [SECRET, OTHER] });
    expect(rotated.open(own.seal(RECORD))).toEqual({ record: RECORD, outdated: true });
  });

  it('R-48 a key has to be there', () => {
    const store = new CookieSessionStore({ acceptReplayFor: '90d' });
    expect(() => store.prepare({ ...CONTEXT, keys: [] })).toThrow('there is no key to encrypt with');
  });

  it('one is for one session, however often its application is started', () => {
    const store = prepared();
    store.prepare({ ...CONTEXT });
    const again = () => store.prepare({ ...CONTEXT, name: 'admin', keys: [OTHER] });
    expect(again).toThrow("was given to the session 'session' and, with other settings, to 'admin'");
    expect(again).not.toThrow(new RegExp(`${SECRET}|${OTHER}`));
    expect(store.open(store.seal(RECORD))).toMatchObject({ record: RECORD });
  });

  it('C-28 it shows no secret and no key to whoever looks at it', () => {
    const store = prepared();
    store.seal(recordWith({ card: '"4111"' }));
    const seen = inspect(store, { depth: Infinity, showHidden: true }) + JSON.stringify(store);
    expect(seen).not.toContain(SECRET);
    expect(seen).not.toContain('4111');
  });

  it('used by itself it says who has to prepare it', () => {
    const store = new CookieSessionStore({ acceptReplayFor: 1 });
    expect(() => store.open('')).toThrow('before SessionModule has prepared it');
    expect(() => store.seal(RECORD)).toThrow(SessionConfigError);
  });
});
