import type { LoggerService } from '@nestjs/common';
import type { AdmitSocket } from '../sockets/registry.js';
import type { OldSessions } from '../core/old.sessions.js';
import type { SessionTransport } from '../transport/transport.js';

/** Milliseconds, or text as the `ms` package reads it: `'30m'`, `'12h'`, `'90d'`. */
export type Duration = number | string;

export interface SessionCookieOptions {
  /** What the cookie is called. @default '__Host-sid' when secure, '__Secure-sid' when secure with a domain or path of its own, otherwise 'sid'; with a `name`, 'admin-sid' say */
  name?: string;
  /** Over https only. @default true, unless NODE_ENV is development or test */
  secure?: boolean;
  /** Out of the reach of scripts. @default true */
  httpOnly?: boolean;
  /** Whether other sites' requests carry it. 'none' needs `secure`. @default 'lax' */
  sameSite?: 'lax' | 'strict' | 'none';
  /** The part of the site it is sent to. @default '/' */
  path?: string;
  /** Shares the cookie with subdomains. @default none: this host alone */
  domain?: string;
  /** Outlives the browser, for all sessions and not just remembered ones. @default false */
  persistent?: boolean;
  /** A jar of its own per embedding site (CHIPS). Needs `secure`. @default false */
  partitioned?: boolean;
}

export interface SessionSocketOptions {
  /**
   * How often the sessions of connected sockets are looked at for what other processes did to them, or `false` for
   * never. What this process does is known at once. @default '30s'
   */
  revalidate?: Duration | false;
  /** Whether a socket may connect: `({ userId }) => userId !== undefined` refuses strangers. @default everybody may */
  admit?: AdmitSocket;
}

export interface SessionOptions {
  /** A second session beside the first needs a name of its own. @default 'session' */
  name?: string;
  /**
   * Signs the token, so that a forged one costs no store call. At least 32 bytes; in a list the first signs and all
   * verify, which is how keys are changed without a logout. @default none
   */
  secret?: string | readonly string[];
  /** Silence after which a session ends. @default '30m' */
  idleTimeout?: Duration;
  /** Total life of a session, counted from its creation and again from a login. @default '12h' */
  absoluteTimeout?: Duration;
  /** The same two for sessions that ask to be remembered. @default { idle: '30d', absolute: '90d' } */
  remember?: { idle?: Duration; absolute?: Duration };
  /** A session that is only read is touched at most this often, and at least ten times per idle timeout. @default '1m' */
  touchInterval?: Duration;
  cookie?: SessionCookieOptions;
  /**
   * Moves the sessions of express-session, cookie-session or `@fastify/session` here, each when its cookie is first seen:
   * what `nest-sessions/migration` makes of the options of those. Needs a `secret`. @default nothing is moved
   */
  migrateFrom?: OldSessions;
  /** How the token travels, if not by cookie. @default a cookie */
  transport?: SessionTransport;
  /**
   * 'eager': an interceptor loads the session for every route. 'lazy': it is loaded where `@Session()`, a guard or the
   * service asks for it, and no interceptor is bound. @default 'eager'
   */
  load?: 'eager' | 'lazy';
  /** How long one call to the store may take. @default '1s' */
  storeTimeout?: Duration;
  /** How long all the session work of one request may take. @default '2s' */
  requestBudget?: Duration;
  /** 'fail': 503 for who looks at the session. 'anonymous': a stranger's session that cannot be written. @default 'fail' */
  onStoreError?: 'fail' | 'anonymous';
  /** Keep field changes when the answer is 500 and above. @default false */
  saveOnError?: boolean;
  /** Bytes that the fields of one session may take. @default 65536 */
  maxSessionSize?: number;
  /** How often expired records are removed, or `false` to leave that to `SessionService.sweep()`. @default '10m' */
  sweepInterval?: Duration | false;
  /** Sockets of gateways, of socket.io and of ws. @default { revalidate: '30s' } */
  sockets?: SessionSocketOptions;
  /** Where warnings go. @default Nest's logger */
  logger?: Pick<LoggerService, 'warn' | 'error'>;
}
