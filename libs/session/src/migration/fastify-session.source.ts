import type { OldSessions } from '../core/old.sessions.js';
import type { SessionData } from '../core/session.js';
import type { ExpressStore } from '../stores/express/express.client.js';
import { endOfMoving, type MovingOptions } from './moving.options.js';
import { attributesOf } from './old.session.js';
import { decoded, type OldSecret, unsigned } from './old.signature.js';
import { oldSecrets } from './old.secrets.js';
import { inStore } from './old.store.js';

/** A signer of one's own, as @fastify/session takes it. */
export interface OldSigner {
  unsign(text: string): { readonly valid: boolean; readonly value: string | null };
}

/** The options that @fastify/session was given. Those not named here may stay, and do nothing. */
export interface OldFastifyOptions {
  /** The secret, a list of them, or a signer. */
  secret: OldSecret | readonly OldSecret[] | OldSigner;
  /** The store, the same as before. */
  store: ExpressStore;
  /** What the cookie is called. @default 'sessionId' */
  cookieName?: string;
  /** What its value begins with. @default '' */
  cookiePrefix?: string;
  /** What it is signed with. @default 'sha256' */
  algorithm?: string;
  /** `path`, `domain`, `secure` and `partitioned` are what it is cleared with. */
  cookie?: unknown;
  [option: string]: unknown;
}

/** What @fastify/session keeps among the fields for itself. */
const OWN = ['cookie', 'sessionId', 'encryptedSessionId'];

/**
 * Moves the sessions of `@fastify/session`: `SessionModule.forRoot(store, { secret, migrateFrom: fastifySession(options) })`
 * with the options that it had.
 *
 * @throws SessionConfigError without a store or a secret.
 */
export function fastifySession<T extends object = SessionData>(
  options: OldFastifyOptions,
  moving: MovingOptions<T> = {},
): OldSessions {
  const { algorithm, cookie, cookieName = 'sessionId', cookiePrefix = '', secret, store } = options;
  const unsign = isSigner(secret)
    ? bySigner(secret)
    : bySecrets(oldSecrets('fastifySession(): secret', secret), algorithm);
  return {
    kind: '@fastify/session',
    cookies: [cookieName],
    attributes: attributesOf(cookie),
    until: endOfMoving('fastifySession()', moving.until),
    verify(read) {
      const given = read(cookieName);
      if (given === undefined) return undefined;
      const text = decoded(given);
      return text?.startsWith(cookiePrefix) ? unsign(text.slice(cookiePrefix.length)) : 'malformed';
    },
    ...inStore('fastifySession()', store, OWN, moving),
  };
}

type Unsign = (text: string) => ReturnType<typeof unsigned>;

function bySecrets(secrets: readonly OldSecret[], algorithm: string | undefined): Unsign {
  return (text) => unsigned(text, secrets, algorithm);
}

function bySigner(signer: OldSigner): Unsign {
  return (text) => {
    const { valid, value } = signer.unsign(text);
    return valid && value ? { id: value } : 'signature';
  };
}

function isSigner(secret: unknown): secret is OldSigner {
  return typeof (secret as Partial<OldSigner> | undefined)?.unsign === 'function';
}
