import createMemoryStore from 'memorystore';
import session from 'express-session';
import { SessionConfigError } from '../core/errors.js';
import { resolveSettings } from '../nest/session.settings.js';
import { cookieSession, type OldCookieSessionOptions } from './cookie-session.source.js';
import { expressSession, type OldExpressOptions } from './express-session.source.js';
import { fastifySession, type OldFastifyOptions } from './fastify-session.source.js';

const store = new (createMemoryStore(session))({});
const secret = 'keyboard cat';
const until = '2031-01-31';

describe('what is set up wrongly', () => {
  it.each<[string, () => unknown, string]>([
    [
      'expressSession without a store',
      () => expressSession({ secret } as unknown as OldExpressOptions),
      'expressSession() needs a store',
    ],
    [
      'expressSession without a secret',
      () => expressSession({ store } as unknown as OldExpressOptions),
      'expressSession(): secret is missing',
    ],
    ['an empty list', () => expressSession({ store, secret: [] }), 'expressSession(): secret is missing or empty'],
    [
      'an empty secret',
      () => expressSession({ store, secret: ['a', ''] }),
      'expressSession(): secret is missing or empty',
    ],
    [
      'an empty buffer',
      () => expressSession({ store, secret: Buffer.alloc(0) }),
      'expressSession(): secret is missing or empty',
    ],
    [
      'null for a key',
      () => cookieSession({ keys: [null as unknown as string] }, { until }),
      'cookieSession(): keys is missing or empty',
    ],
    ['no date', () => expressSession({ store, secret }, { until: 'soon' }), 'expressSession(): until is not a date'],
    [
      'fastifySession without a store',
      () => fastifySession({ secret } as unknown as OldFastifyOptions),
      'fastifySession() needs a store',
    ],
    [
      'cookieSession without until',
      () => cookieSession({ secret }, {} as { until: string }),
      'cookieSession(): until is missing',
    ],
    ['cookieSession without keys', () => cookieSession({}, { until }), 'cookieSession(): keys is missing'],
    [
      'cookies that nobody signed',
      () => cookieSession({ signed: false } as OldCookieSessionOptions, { until }),
      'signed is false',
    ],
    [
      'no secret of ours',
      () => resolveSettings({ migrateFrom: cookieSession({ secret }, { until }) }),
      'migrateFrom needs a secret',
    ],
    ['something else', () => resolveSettings({ migrateFrom: store as never }), 'migrateFrom is an object, and must be'],
  ])('is told at once: %s', (_name, make, message) => {
    expect(make).toThrow(SessionConfigError);
    expect(make).toThrow(message);
    expect(make).not.toThrow(secret);
  });

  it('the options of the old library may stay as they are', () => {
    const options = {
      secret,
      store,
      resave: false,
      saveUninitialized: false,
      rolling: true,
      cookie: { maxAge: 60_000 },
    };
    expect(expressSession(options).cookies).toEqual(['connect.sid']);
  });
});
