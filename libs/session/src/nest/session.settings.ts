import ms, { type StringValue } from 'ms';
import { SessionConfigError } from '../core/errors.js';
import type { SessionPolicy } from '../core/policy.js';
import { secretsOf } from '../core/secrets.js';
import type { SocketSettings } from '../sockets/registry.js';
import type { CookieSettings } from '../transport/cookie.transport.js';
import { COOKIE_DEFAULTS, resolveCookie } from './cookie.settings.js';
import { check, checkNames, checkShape, duration, flag, oneOf, shown, wrong } from './option.checks.js';
import type { Duration, SessionOptions, SessionSocketOptions } from './session.options.js';
import { DEFAULT_SESSION_NAME } from './session.tokens.js';

/** What the options mean: checked, complete, in milliseconds. */
export interface SessionSettings {
  readonly policy: SessionPolicy;
  readonly cookie: CookieSettings;
  readonly lazy: boolean;
  readonly saveOnError: boolean;
  readonly sweepInterval: number | false;
  readonly sockets: SocketSettings;
}

/** The defaults, as the README's table states them. */
export const DEFAULTS = {
  name: DEFAULT_SESSION_NAME,
  idleTimeout: '30m',
  absoluteTimeout: '12h',
  remember: { idle: '30d', absolute: '90d' },
  touchInterval: '1m',
  cookie: COOKIE_DEFAULTS,
  load: 'eager',
  storeTimeout: '1s',
  requestBudget: '2s',
  onStoreError: 'fail',
  saveOnError: false,
  maxSessionSize: 65_536,
  sweepInterval: '10m',
  sockets: { revalidate: '30s' },
} as const;

const OPTIONS = [...Object.keys(DEFAULTS), 'secret', 'migrateFrom', 'transport', 'logger'];
const REMEMBER_OPTIONS = Object.keys(DEFAULTS.remember);
const SOCKET_OPTIONS = [...Object.keys(DEFAULTS.sockets), 'admit'];
/** RFC 6265bis 5.6.7: longer than this no browser keeps a cookie. */
const MAX_LIFE = ms('400d');
/** setTimeout fires at once for more than 2^31 − 1 ms. */
const MAX_TIMER = 2 ** 31 - 1;

/** @throws SessionConfigError with the option's name, what was given and what is accepted. */
export function resolveSettings(
  options: SessionOptions,
  env: string | undefined = process.env['NODE_ENV'],
): SessionSettings {
  checkNames('the options', options, OPTIONS);
  checkNames('remember', options.remember ?? {}, REMEMBER_OPTIONS);
  checkShape('transport', options.transport, ['read', 'write', 'clear']);
  checkShape('migrateFrom', options.migrateFrom, ['verify', 'read', 'sessionOf', 'end']);
  checkShape('logger', options.logger, ['warn', 'error']);
  const name = options.name ?? DEFAULTS.name;
  check(typeof name === 'string' && /^[\w-]+$/.test(name), 'name', name, 'letters, digits, - and _');
  const policy: SessionPolicy = {
    name,
    keys: keysOf(options),
    limits: resolveLimits(
      options.idleTimeout,
      options.absoluteTimeout,
      'idleTimeout',
      'absoluteTimeout',
      DEFAULTS.idleTimeout,
      DEFAULTS.absoluteTimeout,
    ),
    remember: resolveLimits(
      options.remember?.idle,
      options.remember?.absolute,
      'remember.idle',
      'remember.absolute',
      DEFAULTS.remember.idle,
      DEFAULTS.remember.absolute,
    ),
    touchInterval: duration('touchInterval', options.touchInterval ?? DEFAULTS.touchInterval, 0, MAX_LIFE),
    storeTimeout: duration('storeTimeout', options.storeTimeout ?? DEFAULTS.storeTimeout, 1, MAX_TIMER),
    requestBudget: duration('requestBudget', options.requestBudget ?? DEFAULTS.requestBudget, 1, MAX_TIMER),
    onStoreError: oneOf('onStoreError', options.onStoreError ?? DEFAULTS.onStoreError, ['fail', 'anonymous']),
    maxSessionSize: options.maxSessionSize ?? DEFAULTS.maxSessionSize,
    migrateFrom: options.migrateFrom,
  };
  if (policy.migrateFrom && policy.keys.length === 0) {
    throw new SessionConfigError(
      'SessionModule: migrateFrom needs a secret, of which the tokens of moved sessions are derived: at least 32 random ' +
        'bytes, from "openssl rand -base64 32" say, and not the one of the old library.',
    );
  }
  const { maxSessionSize, requestBudget, storeTimeout } = policy;
  check(
    Number.isInteger(maxSessionSize) && maxSessionSize > 0,
    'maxSessionSize',
    maxSessionSize,
    'a whole number of bytes',
  );
  if (requestBudget < storeTimeout) {
    const given = shown(options.requestBudget ?? DEFAULTS.requestBudget);
    throw wrong('requestBudget', given, `at least storeTimeout (${storeTimeout} ms)`);
  }
  const sweepInterval = options.sweepInterval ?? DEFAULTS.sweepInterval;
  return {
    policy,
    cookie: resolveCookie(name, options.cookie ?? {}, env),
    lazy: oneOf('load', options.load ?? DEFAULTS.load, ['eager', 'lazy']) === 'lazy',
    saveOnError: flag('saveOnError', options.saveOnError ?? DEFAULTS.saveOnError),
    sweepInterval: sweepInterval === false ? false : duration('sweepInterval', sweepInterval, 1_000, MAX_TIMER),
    sockets: resolveSockets(options.sockets ?? {}),
  };
}

function resolveSockets(given: SessionSocketOptions): SocketSettings {
  checkNames('sockets', given, SOCKET_OPTIONS);
  const { admit, revalidate = DEFAULTS.sockets.revalidate } = given;
  check(admit === undefined || typeof admit === 'function', 'sockets.admit', admit, 'a function');
  // Less than what the timer adds at random, so that it fits in any case.
  const interval = revalidate === false ? false : duration('sockets.revalidate', revalidate, 10, MAX_TIMER / 2);
  return { revalidate: interval, admit };
}

/** A secret that is not there must not turn the signing off unnoticed, and log everybody out once it is. */
function keysOf(options: SessionOptions): readonly string[] {
  if (!('secret' in options)) return [];
  if (options.secret !== undefined) return secretsOf('SessionModule: secret', options.secret);
  throw new SessionConfigError(
    'SessionModule: secret is given and undefined: the environment variable that it comes from is not set, most likely. ' +
      'Set it, to the output of "openssl rand -base64 32" say, or leave the option out, and tokens are not signed.',
  );
}

function resolveLimits(
  idleOption: Duration | undefined,
  absoluteOption: Duration | undefined,
  idleName: string,
  absoluteName: string,
  idleDefault: Duration,
  absoluteDefault: Duration,
): { idle: number; absolute: number } {
  const absolute = duration(absoluteName, absoluteOption ?? absoluteDefault, 1, MAX_LIFE);
  const idle = duration(idleName, idleOption ?? Math.min(absolute, ms(idleDefault as StringValue)), 1, MAX_LIFE);
  check(idle <= absolute, idleName, idleOption, `at most ${absoluteName} (${absolute} ms)`);
  return { idle, absolute };
}
