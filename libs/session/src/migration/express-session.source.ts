import type { OldSessions } from '../core/old.sessions.js';
import type { SessionData } from '../core/session.js';
import type { ExpressStore } from '../stores/express/express.client.js';
import { endOfMoving, type MovingOptions } from './moving.options.js';
import { attributesOf } from './old.session.js';
import { oldSecrets } from './old.secrets.js';
import { decoded, type OldSecret, unsigned } from './old.signature.js';
import { inStore } from './old.store.js';

/** The options that express-session was given. Those not named here may stay, and do nothing. */
export interface OldExpressOptions {
  /** The secret, or a list of them. */
  secret: OldSecret | readonly OldSecret[];
  /** The store, the same as before. */
  store: ExpressStore;
  /** What the cookie is called. @default 'connect.sid' */
  name?: string;
  /** `path`, `domain`, `secure` and `partitioned` are what it is cleared with. */
  cookie?: unknown;
  [option: string]: unknown;
}

/**
 * Moves the sessions of express-session: `SessionModule.forRoot(store, { secret, migrateFrom: expressSession(options) })`
 * with the options that it had.
 *
 * @throws SessionConfigError without a store or a secret.
 */
export function expressSession<T extends object = SessionData>(
  options: OldExpressOptions,
  moving: MovingOptions<T> = {},
): OldSessions {
  const { cookie, name = 'connect.sid', store } = options;
  const secrets = oldSecrets('expressSession(): secret', options.secret);
  return {
    kind: 'express-session',
    cookies: [name],
    attributes: attributesOf(cookie),
    until: endOfMoving('expressSession()', moving.until),
    verify(read) {
      const given = read(name);
      if (given === undefined) return undefined;
      const text = decoded(given);
      return text?.startsWith('s:') ? unsigned(text.slice(2), secrets) : 'malformed';
    },
    ...inStore('expressSession()', store, ['cookie'], moving),
  };
}
