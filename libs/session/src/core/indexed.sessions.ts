import type { Budget } from './bounded.store.js';
import { UnsupportedBySessionStoreError } from './errors.js';
import { endOf, lastSeenAt } from './expiry.js';
import type { SessionInfo, UserSessions } from './manager.js';
import { META, type SessionRecord } from './record.js';
import { isUserIndex, type SessionStore, type UserIndex } from './store.js';
import type { StoreManager } from './store.manager.js';
import { isSessionId } from './token.js';

/** Longer than any request takes. Milliseconds. */
const SPARED_KEPT = 600_000;

/** The sessions of users in a store that is a `UserIndex`; without one, those whose id is known can be ended. */
export class IndexedSessions implements UserSessions {
  readonly #index: UserIndex | undefined;
  /** User → the session that `revokeAll` was told to spare, and when: a login in it right then is meant to last. */
  readonly #spared = new Map<string, { readonly id: string; readonly at: number }>();

  constructor(
    private readonly manager: StoreManager,
    private readonly rawStore: SessionStore,
  ) {
    this.#index = isUserIndex(rawStore) ? rawStore : undefined;
  }

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

  async revoke(id: string, { userId }: { userId?: string } = {}): Promise<boolean> {
    // What is not an id of ours never reaches a store.
    if (!isSessionId(id)) return false;
    const expect = userId === undefined ? undefined : { userId };
    const ended = await this.manager.store.delete(id, expect, this.manager.budget());
    if (ended) this.manager.emit({ type: 'ended', id, userId, reason: 'revoked' });
    return ended;
  }

  /**
   * The epoch goes first: a login that is under way, and not yet to be listed, sees it and ends itself.
   */
  async revokeAll(userId: string, { except }: { except?: string } = {}): Promise<number> {
    const { clock, store } = this.manager;
    const index = this.#require('revoke the sessions of a user');
    const at = clock.now();
    await this.manager.mover?.refuse(userId);
    await store.call('raiseEpoch', this.manager.budget(), () => index.raiseEpoch(userId, at));
    this.#spare(userId, except, at);
    const others = (await this.list(userId)).filter(({ id }) => id !== except);
    const ended = await Promise.all(others.map(({ id }) => this.revoke(id, { userId })));
    return ended.filter(Boolean).length;
  }

  /** Whether the user's sessions, this one too, were revoked after `since`. Never, where the store cannot list them. */
  async revokedSince(userId: string, since: number, id: string, budget: Budget): Promise<boolean> {
    const index = this.#index;
    if (!index) return false;
    const epoch = await this.manager.store.call('epoch', budget, () => index.epoch(userId));
    const spared = this.#spared.get(userId);
    return epoch > since && !(spared?.id === id && spared.at === epoch);
  }

  /** A password change may log in anew, in the request that revoked all others: that is always this process. */
  #spare(userId: string, id: string | undefined, at: number): void {
    for (const [user, spared] of this.#spared) if (at - spared.at > SPARED_KEPT) this.#spared.delete(user);
    if (id === undefined) this.#spared.delete(userId);
    else this.#spared.set(userId, { id, at });
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
