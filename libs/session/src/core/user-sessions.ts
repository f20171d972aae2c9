import type { Budget } from './bounded.store.js';
import { UnsupportedBySessionStoreError } from './errors.js';
import { endOf, lastSeenAt } from './expiry.js';
import type { SessionManager } from './manager.js';
import { META, type SessionRecord } from './record.js';
import { isUserIndex, type SessionStore, type UserIndex } from './store.js';
import { isSessionId } from './token.js';

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

/** The sessions of users: listed and ended from anywhere, without a request of theirs. */
export class UserSessions {
  readonly #index: UserIndex | undefined;

  constructor(
    private readonly manager: SessionManager,
    private readonly rawStore: SessionStore,
  ) {
    this.#index = isUserIndex(rawStore) ? rawStore : undefined;
  }

  /** The live sessions of a user, the one used last first. */
  async list(userId: string): Promise<SessionInfo[]> {
    const { clock, policy, store } = this.manager;
    const index = this.#require('list the sessions of a user');
    const now = clock.now();
    const records = await store.call('listByUser', this.manager.budget(), () => index.listByUser(userId, now));
    return records
      .filter((record) => record.name === policy.name && endOf(record, policy) > now)
      .map((record) => this.#describe(record))
      .sort((a, b) => b.lastSeenAt - a.lastSeenAt || b.createdAt - a.createdAt);
  }

  /** Ends a session from outside. With `userId`, only if it is that user's, checked in the same step. */
  async revoke(id: string, { userId }: { userId?: string } = {}): Promise<boolean> {
    // What is not an id of ours never reaches a store.
    if (!isSessionId(id)) return false;
    const expect = userId === undefined ? undefined : { userId };
    const ended = await this.manager.store.delete(id, expect, this.manager.budget());
    if (ended) this.manager.emit({ type: 'ended', id, userId, reason: 'revoked' });
    return ended;
  }

  /**
   * Ends all sessions of a user, but for `except`. The epoch goes first: a login that is under way, and not yet to be
   * listed, sees it and ends itself. Says how many were ended.
   */
  async revokeAll(userId: string, { except }: { except?: string } = {}): Promise<number> {
    const { clock, store } = this.manager;
    const index = this.#require('revoke the sessions of a user');
    await store.call('raiseEpoch', this.manager.budget(), () => index.raiseEpoch(userId, clock.now()));
    const others = (await this.list(userId)).filter(({ id }) => id !== except);
    const ended = await Promise.all(others.map(({ id }) => this.revoke(id, { userId })));
    return ended.filter(Boolean).length;
  }

  /** Whether all sessions of the user were revoked after `since`. Never, where the store cannot list them. */
  async revokedSince(userId: string, since: number, budget: Budget): Promise<boolean> {
    const index = this.#index;
    if (!index) return false;
    return (await this.manager.store.call('epoch', budget, () => index.epoch(userId))) > since;
  }

  #describe(record: SessionRecord): SessionInfo {
    const { policy } = this.manager;
    const { id, userId, createdAt, authenticatedAt } = record;
    return {
      id,
      userId,
      label: record.meta.get(META.label),
      createdAt,
      authenticatedAt,
      lastSeenAt: lastSeenAt(record, policy),
      expiresAt: endOf(record, policy),
    };
  }

  #require(what: string): UserIndex {
    if (!this.#index) throw new UnsupportedBySessionStoreError(this.rawStore.constructor.name, what);
    return this.#index;
  }
}
