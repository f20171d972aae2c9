import { describe, expect, it } from '@jest/globals';
import { SessionConfigError } from '../core/errors.js';
import type { SessionOptions } from './session.options.js';
import { DEFAULTS, resolveSettings, type SessionSettings } from './session.settings.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const SECRET = 'V4Qm2u0xg7oYkJr9TzC1wHsLdNfPbEaX';
const OTHER = 'q8ZpK3nWvB6yRtM5cJxD0hGfLsUaEi2o';

const resolve = (options: unknown, env = 'production'): SessionSettings =>
  resolveSettings(options as SessionOptions, env);

function complaint(options: unknown, env?: string): string {
  try {
    resolve(options, env);
  } catch (error) {
    expect(error).toBeInstanceOf(SessionConfigError);
    return (error as Error).message;
  }
  throw new Error(`${JSON.stringify(options)} was accepted`);
}

const DURATION = (max: string) => new RegExp(`a duration such as '30m', or milliseconds, from \\d+ to ${max} ms`);
const YEAR = '34560000000';
const TIMER = '2147483647';

/** Every option wrong: what is named, what is said to be given, and what is said to be accepted. */
const WRONG: readonly (readonly [option: string, options: unknown, given: string, accepted: string | RegExp])[] = [
  ['name', { name: '' }, "''", 'letters, digits, - and _'],
  ['name', { name: 'my session' }, "'my session'", 'letters, digits, - and _'],
  ['name', { name: 'a\n' }, "'a\n'", 'letters, digits, - and _'],
  ['name', { name: 5 }, '5', 'letters, digits, - and _'],
  ['name', { name: ['a'] }, 'a', 'letters, digits, - and _'],
  ['secret', { secret: '' }, 'string of 0 bytes', 'at least 32 random bytes'],
  ['secret', { secret: 'keyboard cat' }, 'string of 12 bytes', 'at least 32 random bytes'],
  ['secret', { secret: 'x'.repeat(31) }, 'string of 31 bytes', 'at least 32 random bytes'],
  ['secret', { secret: 'secret'.repeat(10) }, 'a few repeated characters', 'at least 32 random bytes'],
  ['secret', { secret: 5 }, 'number', 'a string or a list of strings'],
  ['secret', { secret: null }, 'an object', 'a string or a list of strings'],
  ['secret', { secret: {} }, 'object', 'a string or a list of strings'],
  ['secret', { secret: [] }, 'an empty list', 'a string or a list of strings'],
  ['secret', { secret: [undefined] }, 'undefined of 0 bytes', 'at least 32 random bytes'],
  ['secret[1]', { secret: [SECRET, 'short'] }, 'string of 5 bytes', 'at least 32 random bytes'],
  ['idleTimeout', { idleTimeout: 'soon' }, "'soon'", DURATION(YEAR)],
  ['idleTimeout', { idleTimeout: '' }, "''", DURATION(YEAR)],
  ['idleTimeout', { idleTimeout: '9'.repeat(101) }, '999', DURATION(YEAR)],
  ['idleTimeout', { idleTimeout: 0 }, '0', DURATION(YEAR)],
  ['idleTimeout', { idleTimeout: -1 }, '-1', DURATION(YEAR)],
  ['idleTimeout', { idleTimeout: NaN }, 'NaN', DURATION(YEAR)],
  ['idleTimeout', { idleTimeout: Infinity }, 'Infinity', DURATION(YEAR)],
  ['idleTimeout', { idleTimeout: true }, 'true', DURATION(YEAR)],
  ['idleTimeout', { idleTimeout: [5] }, 'a list', DURATION(YEAR)],
  ['idleTimeout', { idleTimeout: '2h', absoluteTimeout: '1h' }, "'2h'", 'at most absoluteTimeout (3600000 ms)'],
  ['absoluteTimeout', { absoluteTimeout: '401d' }, "'401d'", DURATION(YEAR)],
  ['absoluteTimeout', { absoluteTimeout: false }, 'false', DURATION(YEAR)],
  ['remember.idle', { remember: { idle: 'x' } }, "'x'", DURATION(YEAR)],
  ['remember.idle', { remember: { idle: '91d' } }, "'91d'", 'at most remember.absolute (7776000000 ms)'],
  ['remember.absolute', { remember: { absolute: 0 } }, '0', DURATION(YEAR)],
  ['touchInterval', { touchInterval: -1 }, '-1', DURATION(YEAR)],
  ['touchInterval', { touchInterval: 'x' }, "'x'", DURATION(YEAR)],
  ['storeTimeout', { storeTimeout: 0 }, '0', DURATION(TIMER)],
  ['storeTimeout', { storeTimeout: '25d' }, "'25d'", DURATION(TIMER)],
  ['requestBudget', { requestBudget: 0 }, '0', DURATION(TIMER)],
  ['requestBudget', { requestBudget: '500ms' }, "'500ms'", 'at least storeTimeout (1000 ms)'],
  ['sweepInterval', { sweepInterval: 0 }, '0', DURATION(TIMER)],
  ['sweepInterval', { sweepInterval: '999ms' }, "'999ms'", DURATION(TIMER)],
  ['sweepInterval', { sweepInterval: true }, 'true', DURATION(TIMER)],
  ['sockets', { sockets: true }, 'true', 'an object'],
  ['sockets.revalidate', { sockets: { revalidate: 'x' } }, "'x'", "a duration such as '30m'"],
  ['sockets.revalidate', { sockets: { revalidate: 9 } }, '9', 'from 10 to'],
  ['sockets.admit', { sockets: { admit: true } }, 'true', 'a function'],
  ['onStoreError', { onStoreError: 'ignore' }, "'ignore'", "'fail' or 'anonymous'"],
  ['load', { load: 'never' }, "'never'", "'eager' or 'lazy'"],
  ['load', { load: true }, 'true', "'eager' or 'lazy'"],
  ['saveOnError', { saveOnError: 'yes' }, "'yes'", 'true or false'],
  ['saveOnError', { saveOnError: 0 }, '0', 'true or false'],
  ['maxSessionSize', { maxSessionSize: 0 }, '0', 'a whole number of bytes'],
  ['maxSessionSize', { maxSessionSize: 1.5 }, '1.5', 'a whole number of bytes'],
  ['maxSessionSize', { maxSessionSize: '64kb' }, "'64kb'", 'a whole number of bytes'],
  ['maxSessionSize', { maxSessionSize: Infinity }, 'Infinity', 'a whole number of bytes'],
  ['cookie.name', { cookie: { name: '' } }, "''", 'a cookie name'],
  ['cookie.name', { cookie: { name: 'a b' } }, "'a b'", 'a cookie name'],
  ['cookie.name', { cookie: { name: 'sid=1; a' } }, "'sid=1; a'", 'a cookie name'],
  ['cookie.name', { cookie: { name: 'sid\r\n' } }, "'sid\r\n'", 'a cookie name'],
  ['cookie.name', { cookie: { name: 'süß' } }, "'süß'", 'a cookie name'],
  ['cookie.name', { cookie: { name: '__Host-sid', secure: false } }, "'__Host-sid'", 'only with cookie.secure'],
  ['cookie.name', { cookie: { name: '__Secure-sid', secure: false } }, "'__Secure-sid'", 'only with cookie.secure'],
  ['cookie.name', { cookie: { name: '__Host-sid', domain: 'a.example' } }, "'__Host-sid'", 'without cookie.domain'],
  ['cookie.name', { cookie: { name: '__Host-sid', path: '/shop' } }, "'__Host-sid'", "with cookie.path '/'"],
  ['cookie.name', { cookie: { name: '__host-sid', path: '/shop' } }, "'__host-sid'", "with cookie.path '/'"],
  ['cookie.name', { cookie: { name: 'Host__sid' } }, "'Host__sid'", '__Host- or __Secure-'],
  ['cookie.name', { cookie: { name: '__Host_sid' } }, "'__Host_sid'", '__Host- or __Secure-'],
  ['cookie.secure', { cookie: { secure: 'auto' } }, "'auto'", 'true or false'],
  ['cookie.httpOnly', { cookie: { httpOnly: 1 } }, '1', 'true or false'],
  ['cookie.sameSite', { cookie: { sameSite: 'Lax' } }, "'Lax'", "'lax' or 'strict' or 'none'"],
  ['cookie.sameSite', { cookie: { sameSite: true } }, 'true', "'lax' or 'strict' or 'none'"],
  ['cookie.sameSite', { cookie: { sameSite: 'none', secure: false } }, "'none'", "'none' only with cookie.secure"],
  ['cookie.path', { cookie: { path: 'shop' } }, "'shop'", "a path that begins with '/'"],
  ['cookie.path', { cookie: { path: '' } }, "''", "a path that begins with '/'"],
  ['cookie.path', { cookie: { path: '/; Domain=x' } }, "'/; Domain=x'", "a path that begins with '/'"],
  ['cookie.path', { cookie: { path: '/\r\n' } }, "'/\r\n'", "a path that begins with '/'"],
  ['cookie.path', { cookie: { path: null } }, 'null', "a path that begins with '/'"],
  ['cookie.domain', { cookie: { domain: '' } }, "''", 'a host name'],
  ['cookie.domain', { cookie: { domain: 'a.example; Path=/' } }, "'a.example; Path=/'", 'a host name'],
  ['cookie.domain', { cookie: { domain: 'https://a.example' } }, "'https://a.example'", 'a host name'],
  ['cookie.persistent', { cookie: { persistent: 'yes' } }, "'yes'", 'true or false'],
  ['cookie.partitioned', { cookie: { partitioned: 1 } }, '1', 'true or false'],
  ['cookie.partitioned', { cookie: { partitioned: true, secure: false } }, 'true', 'only with cookie.secure'],
  ['cookie', { cookie: 'sid' }, "'sid'", 'an object'],
  ['the options', null, 'null', 'an object'],
  ['the options', 'secret', "'secret'", 'an object'],
];

describe('a wrong option', () => {
  it.each(WRONG)(
    'R-25 %s: %j is refused, with what was given and what is accepted',
    (option, options, given, accepted) => {
      const message = complaint(options);
      const [before, after = ''] = message.split(', and must be ');
      expect(before!.startsWith(`SessionModule: ${option} is `)).toBe(true);
      expect(before).toContain(given);
      expect(after).toMatch(accepted instanceof RegExp ? accepted : new RegExp(escaped(accepted)));
      expect(message.endsWith('.')).toBe(true);
    },
  );

  it('R-48 no message tells a secret', () => {
    const secrets = ['too-short-but-secret', 'aB3'.repeat(20), 'ö'.repeat(40)];
    for (const secret of secrets) {
      for (const given of [secret, [secret], [SECRET, secret], [secret, SECRET]]) {
        const message = complaint({ secret: given });
        expect(message).not.toContain(secret.slice(0, 6));
        expect(message).not.toContain(SECRET.slice(0, 6));
      }
    }
    expect(complaint({ secrets: SECRET })).not.toContain(SECRET.slice(0, 6));
    expect(complaint({ secret: SECRET, name: '!' })).not.toContain(SECRET.slice(0, 6));
  });

  it('R-48 a secret of an environment variable that is not set is told, and no signing turned off by it', () => {
    const options: SessionOptions = { secret: process.env['NO_SUCH_VARIABLE'] };
    expect(() => resolve(options)).toThrow('secret is given and undefined');
    expect(() => resolve({ ...options, idleTimeout: '5m' })).toThrow('leave the option out');
  });

  it('a secret that is an object with a toString does not come out through it', () => {
    expect(complaint({ secret: { toString: () => SECRET } })).not.toContain(SECRET.slice(0, 6));
    expect(complaint({ secret: [Buffer.from(SECRET)] })).not.toContain(SECRET.slice(0, 6));
  });

  it('a name that does not exist is refused, with those that do', () => {
    const message = complaint({ maxAge: 5 });
    expect(message).toContain('there is no option "maxAge"');
    for (const name of [...Object.keys(DEFAULTS), 'secret', 'transport', 'logger']) expect(message).toContain(name);
    const cookie = complaint({ cookie: { maxAge: 5 } });
    expect(cookie).toContain('there is no option "maxAge" in cookie');
    for (const name of ['name', 'secure', 'httpOnly', 'sameSite', 'path', 'domain', 'persistent', 'partitioned']) {
      expect(cookie).toContain(name);
    }
  });

  it.each(['__proto__', 'constructor', 'hasOwnProperty', ''])('C-30 no option has the name %j', (name) => {
    const options = Object.defineProperty({}, name, { value: 1, enumerable: true });
    expect(complaint(options)).toContain(`there is no option ${JSON.stringify(name)}`);
  });

  it('R-48 32 bytes are enough, counted as bytes', () => {
    expect(resolve({ secret: SECRET }).policy.keys).toEqual([SECRET]);
    const accents = 'äöüÄÖÜßéèêáàâ€ñ';
    expect(accents.length).toBeLessThan(32);
    expect(resolve({ secret: `${accents}12` }).policy.keys).toEqual([`${accents}12`]);
  });

  describe('that would fail at the first request', () => {
    it.each([
      ['remember', { remember: '30d' }],
      ['remember', { remember: { idel: '30d' } }],
      ['remember', { remember: true }],
      ['transport', { transport: {} }],
      ['transport', { transport: 'header' }],
      ['logger', { logger: 'console' }],
      ['logger', { logger: {} }],
      ['cookie.name', { cookie: { name: 5, secure: false } }],
      ['cookie.name', { cookie: { name: ['sid'], secure: false } }],
      ['cookie.name', { cookie: { name: '_Host-sid' } }],
      ['cookie.name', { cookie: { name: 'Secure-sid' } }],
      ['cookie.domain', { cookie: { domain: 5 } }],
      ['cookie.domain', { cookie: { domain: '..' } }],
      ['cookie.domain', { cookie: { domain: '-' } }],
      ['cookie.domain', { cookie: { domain: 'a..example' } }],
      ['the options', []],
    ])('%s: %j', (option, options) => {
      expect(complaint(options)).toContain(option);
    });

    it('storeTimeout beyond the default requestBudget: the complaint is about what was given', () => {
      const message = complaint({ storeTimeout: '5s' });
      expect(message).toContain('storeTimeout');
      expect(message).not.toContain('undefined');
    });

    it('no option has the name "toString"', () => {
      expect(complaint({ toString: 1 })).toContain('there is no option "toString"');
    });

    it.each([{ idleTimeout: Object.create(null) }, { name: Object.create(null) }])(
      'what has no text form is refused like everything else (%#)',
      (options) => {
        complaint(options);
      },
    );

    it.each(['host_id', 'secure_session'])('a cookie may be called %s', (name) => {
      expect(resolve({ cookie: { name } }).cookie.name).toBe(name);
    });
  });
});

describe('without options', () => {
  const POLICY = {
    name: 'session',
    keys: [],
    limits: { idle: 30 * MINUTE, absolute: 12 * HOUR },
    remember: { idle: 30 * DAY, absolute: 90 * DAY },
    touchInterval: MINUTE,
    storeTimeout: 1_000,
    requestBudget: 2_000,
    onStoreError: 'fail',
    maxSessionSize: 65_536,
  };

  it.each(['production', 'staging', ''])('R-26 R-28 R-29 R-37 settings are the safe ones, for NODE_ENV %j', (env) => {
    expect(resolveSettings({}, env)).toEqual({
      policy: POLICY,
      cookie: {
        name: '__Host-sid',
        secure: true,
        httpOnly: true,
        sameSite: 'lax',
        path: '/',
        domain: undefined,
        persistent: false,
        partitioned: false,
      },
      lazy: false,
      saveOnError: false,
      sweepInterval: 10 * MINUTE,
      sockets: { revalidate: 30_000, admit: undefined },
    });
  });

  it('R-26 settings are the safe ones where there is no NODE_ENV, and it is asked when they are resolved', () => {
    const before = process.env['NODE_ENV'];
    try {
      delete process.env['NODE_ENV'];
      expect(resolveSettings({}).cookie).toMatchObject({ name: '__Host-sid', secure: true });
      process.env['NODE_ENV'] = 'development';
      expect(resolveSettings({}).cookie).toMatchObject({ name: 'sid', secure: false });
    } finally {
      process.env['NODE_ENV'] = before;
    }
  });

  it.each(['development', 'test'])('a cookie of %s works without https', (env) => {
    expect(resolve({}, env).cookie).toMatchObject({ name: 'sid', secure: false, httpOnly: true, sameSite: 'lax' });
    expect(resolve({}, env).policy).toEqual(POLICY);
  });

  it('options that are undefined are those that were not given', () => {
    const names = [...Object.keys(DEFAULTS), 'transport', 'logger'];
    const options = Object.fromEntries(names.map((name) => [name, undefined]));
    expect(resolve(options)).toEqual(resolve({}));
    const cookie = Object.fromEntries(Object.keys(resolve({}).cookie).map((name) => [name, undefined]));
    expect(resolve({ cookie })).toEqual(resolve({}));
  });
});

describe('options', () => {
  it('durations are text or milliseconds', () => {
    const settings = resolve({
      idleTimeout: '1h',
      absoluteTimeout: 2 * HOUR,
      remember: { idle: '7d', absolute: 14 * DAY },
      touchInterval: 0,
      storeTimeout: '250ms',
      requestBudget: 250,
      sweepInterval: '1s',
    });
    expect(settings.policy).toMatchObject({
      limits: { idle: HOUR, absolute: 2 * HOUR },
      remember: { idle: 7 * DAY, absolute: 14 * DAY },
      touchInterval: 0,
      storeTimeout: 250,
      requestBudget: 250,
    });
    expect(settings.sweepInterval).toBe(1_000);
  });

  it('R-31 400 days is the longest life', () => {
    expect(resolve({ idleTimeout: '400d', absoluteTimeout: '400d' }).policy.limits).toEqual({
      idle: 400 * DAY,
      absolute: 400 * DAY,
    });
  });

  it('a shorter absolute timeout shortens the idle one that was not given', () => {
    expect(resolve({ absoluteTimeout: '10m' }).policy.limits).toEqual({ idle: 10 * MINUTE, absolute: 10 * MINUTE });
    expect(resolve({ remember: { absolute: '10d' } }).policy.remember).toEqual({ idle: 10 * DAY, absolute: 10 * DAY });
  });

  it('R-47 a list of secrets keeps its order', () => {
    expect(resolve({ secret: [SECRET, OTHER] }).policy.keys).toEqual([SECRET, OTHER]);
  });

  it('the others are taken as given', () => {
    const settings = resolve({
      name: 'admin_2-x',
      load: 'lazy',
      onStoreError: 'anonymous',
      saveOnError: true,
      maxSessionSize: 1,
      sweepInterval: false,
    });
    expect(settings).toMatchObject({ lazy: true, saveOnError: true, sweepInterval: false });
    expect(settings.policy).toMatchObject({ name: 'admin_2-x', onStoreError: 'anonymous', maxSessionSize: 1 });
  });

  it.each([
    ['a domain', { domain: 'example.com' }, '__Secure-sid'],
    ['a domain with a point before it', { domain: '.example.com' }, '__Secure-sid'],
    ['a path', { path: '/shop' }, '__Secure-sid'],
    ['not secure', { secure: false }, 'sid'],
    ['not secure, with a domain', { secure: false, domain: 'example.com' }, 'sid'],
    ['a name of its own', { name: 'id' }, 'id'],
    ['a prefix that it may have', { name: '__Secure-x', domain: 'example.com' }, '__Secure-x'],
    ['a name with host in it', { name: 'hosts_seen' }, 'hosts_seen'],
    ['the newest prefix', { name: '__Host-Http-id' }, '__Host-Http-id'],
  ])('R-26 R-27 a cookie with %s has a name that browsers take', (_, cookie, name) => {
    expect(resolve({ cookie }).cookie).toMatchObject({ ...cookie, name });
  });

  it('R-29 R-38 SameSite=None and Partitioned go with Secure', () => {
    const cookie = { sameSite: 'none', partitioned: true } as const;
    expect(resolve({ cookie }).cookie).toMatchObject({ ...cookie, secure: true });
  });

  it('cookie.secure can be set for development, and unset for production', () => {
    expect(resolve({ cookie: { secure: true } }, 'test').cookie).toMatchObject({ secure: true, name: '__Host-sid' });
    expect(resolve({ cookie: { secure: false } }).cookie).toMatchObject({ secure: false, name: 'sid' });
  });
});

function escaped(text: string): string {
  return text.replace(/[.()[\]/]/g, '\\$&');
}
