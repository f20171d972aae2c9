import type { Type } from '@nestjs/common';

/** The name of the session of a module that was given none. */
export const DEFAULT_SESSION_NAME = 'session';

/** The store. Override it in a test: `overrideProvider(SESSION_STORE).useValue(new MemorySessionStore())`. */
export const SESSION_STORE = Symbol.for('nest-sessions:store');
/** The options as they were given. */
export const SESSION_OPTIONS = Symbol.for('nest-sessions:options');
/** How the token travels. */
export const SESSION_TRANSPORT = Symbol.for('nest-sessions:transport');
/** What tells the time. Override it in a test with a `ManualClock`. */
export const SESSION_CLOCK = Symbol.for('nest-sessions:clock');

/** @internal The rules and the transport of one session, put together. */
export const SESSION_BINDING = Symbol.for('nest-sessions:binding');
/** @internal */
export const SESSION_SETTINGS = Symbol.for('nest-sessions:settings');

/**
 * The token of a session with a name of its own: `getSessionToken(SESSION_STORE, 'admin')`,
 * `getSessionToken(SessionService, 'admin')`. Without a name, the token itself.
 */
export function getSessionToken<T extends symbol | Type>(token: T, name = DEFAULT_SESSION_NAME): T | symbol {
  if (name === DEFAULT_SESSION_NAME) return token;
  return Symbol.for(`${typeof token === 'symbol' ? Symbol.keyFor(token) : `nest-sessions:${token.name}`}:${name}`);
}
