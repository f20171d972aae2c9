import type { Clock } from './clock.js';
import type { Draft } from './draft.js';
import type { SessionEvents } from './events.js';
import type { OldCookie } from './old.sessions.js';
import type { SessionPolicy } from './policy.js';
import type { Token, TokenFault } from './token.js';

/** What a request carries of a session of the library that the application used before. */
export type FindOld = () => OldCookie | TokenFault | undefined;

/**
 * The rules of one named session: from presented texts to a draft, from a draft to wherever sessions are kept.
 * `StoreManager` keeps them in a store, `SealedManager` in the token itself.
 */
export interface SessionManager {
  readonly policy: SessionPolicy;
  readonly clock: Clock;
  readonly events: SessionEvents;
  /** The sessions of users, from outside of a request. */
  readonly users: UserSessions;

  /** Says at start-up what would not work later. */
  start(): Promise<void>;

  /**
   * The session behind the presented texts, or else behind an old cookie, which is only looked for then. Where nothing has
   * to be asked, no promise is made.
   */
  open(presented: readonly unknown[], findOld?: FindOld): Draft | Promise<Draft>;

  /**
   * The same for work whose client cannot be given a token, a message of a socket say: what needs one throws, and what
   * ends the session does so at once.
   */
  openWithoutResponse(presented: readonly unknown[]): Promise<Draft>;

  /** Brings about what the draft wants. `undefined`: it is done already, and no promise was made. */
  commit(draft: Draft): Promise<void> | undefined;

  /** Drops what the request changed and reads the session again. One that ended meanwhile reads as a new one. */
  reload(draft: Draft): Promise<void>;

  /** Read-modify-write of one field, at once. */
  update(draft: Draft, name: string, change: (value: unknown) => unknown): Promise<unknown>;

  /** Extends the life of the session now, whatever `touchInterval` says. */
  touch(draft: Draft): Promise<void>;

  /** A token for a session that is not kept anywhere yet. */
  mint(): Token;

  /** Removes expired records, and says how many. */
  sweep(): Promise<number>;
}

/** The sessions of users: listed and ended from anywhere, without a request of theirs. */
export interface UserSessions {
  /** The live sessions of a user, the one used last first. */
  list(userId: string): Promise<SessionInfo[]>;

  /** Ends a session. With `userId`, only if it is that user's, checked in the same step. Says whether it did. */
  revoke(id: string, options?: { userId?: string }): Promise<boolean>;

  /** Ends all sessions of a user, but for `except`. Says how many it ended. */
  revokeAll(userId: string, options?: { except?: string }): Promise<number>;
}

/** A session as device lists show it. */
export interface SessionInfo {
  readonly id: string;
  readonly userId: string | undefined;
  readonly label: string | undefined;
  readonly createdAt: number;
  readonly authenticatedAt: number | undefined;
  /** To within `touchInterval`. */
  readonly lastSeenAt: number;
  readonly expiresAt: number;
}
