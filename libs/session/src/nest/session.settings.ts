import ms, { type StringValue } from 'ms';
import { SessionConfigError } from '../core/errors.js';
import type { SessionPolicy } from '../core/policy.js';
import type { CookieSettings } from '../transport/cookie.transport.js';
import type { Duration, SessionCookieOptions, SessionOptions } from './session.options.js';
import { DEFAULT_SESSION_NAME } from './session.tokens.js';

/** What the options mean: checked, complete, in milliseconds. */
export interface SessionSettings {
  readonly policy: SessionPolicy;
  readonly cookie: CookieSettings;
  readonly lazy: boolean;
  readonly saveOnError: boolean;
  readonly sweepInterval: number | false;
}

/** The defaults, as the README's table states them. Those of the cookie's name and `secure` depend on each other. */
export const DEFAULTS = {
  name: DEFAULT_SESSION_NAME,
  idleTimeout: '30m',
  absoluteTimeout: '12h',
  remember: { idle: '30d', absolute: '90d' },
  touchInterval: '1m',
  cookie: { httpOnly: true, sameSite: 'lax', path: '/', persistent: false, partitioned: false },
  load: 'eager',
  storeTimeout: '1s',
  requestBudget: '2s',
  onStoreError: 'fail',
  saveOnError: false,
  maxSessionSize: 65_536,
  sweepInterval: '10m',
} as const;

const OPTIONS = [...Object.keys(DEFAULTS), 'secret', 'transport', 'logger'];
const REMEMBER_OPTIONS = Object.keys(DEFAULTS.remember);
const COOKIE_OPTIONS = [...Object.keys(DEFAULTS.cookie), 'name', 'secure', 'domain'];
const MIN_SECRET_BYTES = 32;
const FROM_OPENSSL = 'from "openssl rand -base64 32" say';
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
  checkShape('logger', options.logger, ['warn', 'error']);
  const name = options.name ?? DEFAULTS.name;
  check(typeof name === 'string' && /^[\w-]+$/.test(name), 'name', name, 'letters, digits, - and _');
  const policy: SessionPolicy = {
    name,
    keys: resolveKeys(options.secret),
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
  };
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
  };
}

function resolveKeys(secret: SessionOptions['secret']): readonly string[] {
  if (secret === undefined) return [];
  const keys: readonly unknown[] = typeof secret === 'string' ? [secret] : secret;
  if (!Array.isArray(keys) || keys.length === 0)
    throw wrong('secret', `a ${typeof secret}`, 'a string or a list of strings');
  return keys.map((key, index) => {
    const bytes = typeof key === 'string' ? Buffer.byteLength(key) : 0;
    const where = keys.length > 1 ? `secret[${index}]` : 'secret';
    // The value itself stays out of the message: errors are logged.
    const shown = `a ${typeof key} of ${bytes} bytes`;
    if (bytes < MIN_SECRET_BYTES)
      throw wrong(where, shown, `at least ${MIN_SECRET_BYTES} random bytes, ${FROM_OPENSSL}`);
    if (new Set(key as string).size < 8)
      throw wrong(
        where,
        'made of a few repeated characters',
        `at least ${MIN_SECRET_BYTES} random bytes, ${FROM_OPENSSL}`,
      );
    return key as string;
  });
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

function resolveCookie(session: string, given: SessionCookieOptions, env: string | undefined): CookieSettings {
  checkNames('cookie', given, COOKIE_OPTIONS);
  const secure = flag('cookie.secure', given.secure ?? !(env === 'development' || env === 'test'));
  const { domain, path = DEFAULTS.cookie.path } = given;
  const hostOnly = domain === undefined && path === '/';
  const cookie: CookieSettings = {
    name: given.name ?? (secure ? (hostOnly ? '__Host-' : '__Secure-') : '') + cookieNameOf(session),
    secure,
    httpOnly: flag('cookie.httpOnly', given.httpOnly ?? DEFAULTS.cookie.httpOnly),
    sameSite: oneOf('cookie.sameSite', given.sameSite ?? DEFAULTS.cookie.sameSite, ['lax', 'strict', 'none']),
    path,
    domain,
    persistent: flag('cookie.persistent', given.persistent ?? DEFAULTS.cookie.persistent),
    partitioned: flag('cookie.partitioned', given.partitioned ?? DEFAULTS.cookie.partitioned),
  };
  checkCookie(cookie, hostOnly);
  return cookie;
}

/** A second session must not take the first one's cookie. */
function cookieNameOf(session: string): string {
  return session === DEFAULTS.name ? 'sid' : `${session}-sid`;
}

/** What browsers silently drop fails at start-up instead (RFC 6265bis 4.1.3, 5.7). */
function checkCookie({ name, secure, sameSite, path, domain, partitioned }: CookieSettings, hostOnly: boolean): void {
  check(
    typeof name === 'string' && /^[!#$%&'*+.^`|~\w-]+$/.test(name),
    'cookie.name',
    name,
    'a cookie name (RFC 6265 token)',
  );
  check(/^\/[ -:<-~]*$/.test(path), 'cookie.path', path, "a path that begins with '/'");
  check(domain === undefined || isHostName(domain), 'cookie.domain', domain, 'a host name');
  const prefix = /^__(host|secure)-/i.exec(name)?.[0].toLowerCase();
  check(prefix === undefined || secure, 'cookie.name', name, 'a prefix __Host- or __Secure- only with cookie.secure');
  check(
    prefix !== '__host-' || hostOnly,
    'cookie.name',
    name,
    "the prefix __Host- only without cookie.domain and with cookie.path '/'",
  );
  // Names such as Host__sid promise what no browser keeps (WS-2022-0330).
  const isTypo = prefix === undefined && /^(_?(host|secure)-|__?(host|secure)_|(host|secure)__)/i.test(name);
  check(!isTypo, 'cookie.name', name, '__Host- or __Secure- if that prefix is meant');
  check(sameSite !== 'none' || secure, 'cookie.sameSite', sameSite, "'none' only with cookie.secure");
  check(!partitioned || secure, 'cookie.partitioned', partitioned, 'true only with cookie.secure');
}

function isHostName(domain: unknown): boolean {
  return (
    typeof domain === 'string' && /^\.?([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]*[a-z0-9])?$/i.test(domain)
  );
}

function duration(name: string, value: Duration, min: number, max: number): number {
  const milliseconds = typeof value === 'string' ? parse(value) : value;
  const accepted = `a duration such as '30m', or milliseconds, from ${min} to ${max} ms`;
  check(typeof milliseconds === 'number' && milliseconds >= min && milliseconds <= max, name, value, accepted);
  return milliseconds;
}

function parse(text: string): number {
  // The library throws for the empty string and for very long ones.
  return text.length > 0 && text.length <= 100 ? ms(text as StringValue) : NaN;
}

function flag(name: string, value: unknown): boolean {
  check(typeof value === 'boolean', name, value, 'true or false');
  return value as boolean;
}

function oneOf<T extends string>(name: string, value: unknown, accepted: readonly T[]): T {
  check(accepted.includes(value as T), name, value, accepted.map((text) => `'${text}'`).join(' or '));
  return value as T;
}

function checkNames(name: string, given: unknown, accepted: readonly string[]): void {
  check(typeof given === 'object' && given !== null && !Array.isArray(given), name, given, 'an object');
  const unknown = Object.keys(given as object).find((key) => !accepted.includes(key));
  if (unknown === undefined) return;
  const where = name === 'the options' ? '' : ` in ${name}`;
  const message = `there is no option ${JSON.stringify(unknown)}${where}. There are: ${accepted.join(', ')}.`;
  throw new SessionConfigError(`SessionModule: ${message}`);
}

function checkShape(name: string, given: unknown, methods: readonly string[]): void {
  if (given === undefined) return;
  const holds = methods.every((method) => typeof (given as Record<string, unknown> | null)?.[method] === 'function');
  check(holds, name, given, `an object with the methods ${methods.join(', ')}`);
}

function check(holds: boolean, name: string, given: unknown, accepted: string): asserts holds {
  if (!holds) throw wrong(name, shown(given), accepted);
}

/** The value as a person would write it; objects by their kind, since they may be anything. */
function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value !== 'object' || value === null) return String(value);
  return Array.isArray(value) ? 'a list' : 'an object';
}

function wrong(name: string, shown: string, accepted: string): SessionConfigError {
  return new SessionConfigError(`SessionModule: ${name} is ${shown}, and must be ${accepted}.`);
}
