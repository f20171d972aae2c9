import { SessionConfigError } from '../core/errors.js';
import type { OldSessions } from '../core/old.sessions.js';
import type { SessionData } from '../core/session.js';
import { endOfMoving, type MovingOptions } from './moving.options.js';
import { attributesOf, oldSession } from './old.session.js';
import { oldSecrets } from './old.secrets.js';
import { hmac, type OldSecret, sameText } from './old.signature.js';

/** A key ring of one's own, as `keygrip` makes it. */
export interface OldKeyRing {
  verify(text: string, signature: string): boolean;
}

/** The options that cookie-session was given. Those not named here may stay, and do nothing. */
export interface OldCookieSessionOptions {
  /** The keys. */
  keys?: readonly OldSecret[] | OldKeyRing;
  /** The only key. */
  secret?: OldSecret;
  /** What the cookie is called. @default 'session' */
  name?: string;
  signed?: boolean;
  path?: string;
  domain?: string;
  secure?: boolean;
  partitioned?: boolean;
  [option: string]: unknown;
}

/**
 * Moves the sessions of cookie-session: `SessionModule.forRoot(store, { secret, migrateFrom: cookieSession(options, { until
 * }) })` with the options that it had.
 *
 * Nothing on a server says that such a session has ended, so what was moved is noted `until` its cookies are worth nothing
 * any more: each cookie is moved once. An earlier copy of it, from before a change of its data, is another cookie.
 *
 * @throws SessionConfigError without keys or `until`, and for cookies that were not signed.
 */
export function cookieSession<T extends object = SessionData>(
  options: OldCookieSessionOptions,
  moving: MovingOptions<T> & Required<Pick<MovingOptions<T>, 'until'>>,
): OldSessions {
  const { name = 'session' } = options;
  const isSigned = verifier(options);
  return {
    kind: 'cookie-session',
    cookies: [name, `${name}.sig`],
    attributes: attributesOf(options),
    until: required(endOfMoving('cookieSession()', moving?.until)),
    verify(read) {
      const value = read(name);
      const signature = read(`${name}.sig`);
      if (value === undefined) return undefined;
      if (!value || !signature) return 'malformed';
      return isSigned(`${name}=${value}`, signature) ? { id: value } : 'signature';
    },
    read: async ({ id }) => dataIn(id),
    sessionOf: (kept, now) => oldSession(kept, [], moving, now),
    async end() {
      // There is nothing on the server, and the cookie is cleared.
    },
  };
}

/** Signed it was, but what is in it is for a person to lose, not for a request to fail. */
function dataIn(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64').toString());
  } catch {
    return undefined;
  }
}

/** The signature of keygrip: an HMAC in base64url. */
function verifier({ keys, secret, signed }: OldCookieSessionOptions): (text: string, signature: string) => boolean {
  if (signed === false) {
    throw new SessionConfigError(
      'cookieSession(): signed is false, and what anybody can write into a cookie cannot be moved. Leave migrateFrom out: ' +
        'people log in again.',
    );
  }
  if (isKeyRing(keys)) return (text, signature) => keys.verify(text, signature);
  const secrets = oldSecrets('cookieSession(): keys', keys ?? secret);
  return (text, signature) => secrets.some((key) => sameText(hmac('sha1', key, text, 'base64url'), signature));
}

function isKeyRing(keys: unknown): keys is OldKeyRing {
  return typeof (keys as Partial<OldKeyRing> | undefined)?.verify === 'function';
}

function required(until: number | undefined): number {
  if (until !== undefined) return until;
  throw new SessionConfigError(
    'cookieSession(): until is missing, and must be the day on which moving ends: until then is noted what was moved, ' +
      'because a copy of an old cookie would bring back a session that has ended.',
  );
}
