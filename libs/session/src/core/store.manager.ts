import { Breaker } from './breaker.js';
import { BoundedStore, Budget } from './bounded.store.js';
import type { Clock } from './clock.js';
import { Commit } from './commit.js';
import { Draft } from './draft.js';
import {
  type ConflictReason,
  SessionConfigError,
  SessionConflictError,
  SessionStoreUnavailableError,
} from './errors.js';
import type { SessionEvent, SessionEvents } from './events.js';
import { endOf } from './expiry.js';
import { FieldUpdate } from './field-update.js';
import type { SessionManager } from './manager.js';
import type { SessionPolicy } from './policy.js';
import { isRetired, type SessionRecord } from './record.js';
import { IndexedSessions } from './indexed.sessions.js';
import { isPingable, isSessionStore, isSweepable, isUserIndex, type SessionStore, type UpdateResult } from './store.js';
import { hashSecret, type ParsedToken, sameHash, type Token, TokenFormat } from './token.js';

/** A browser can hold several cookies of one name, from other paths and domains; more than this is no accident. */
const MAX_CANDIDATES = 4;
const SWEEP_BATCH = 1_000;
const MAX_SWEEP_BATCHES = 100;

/** Sessions in a store. */
export class StoreManager implements SessionManager {
  readonly store: BoundedStore;
  readonly tokens: TokenFormat;
  readonly users: IndexedSessions;
  readonly #commit: Commit;
  readonly #fieldUpdate: FieldUpdate;

  constructor(
    private readonly rawStore: SessionStore,
    readonly policy: SessionPolicy,
    readonly clock: Clock,
    readonly events: SessionEvents,
    tokens?: TokenFormat,
  ) {
    checkStore(rawStore);
    this.store = new BoundedStore(rawStore, policy.storeTimeout, new Breaker(clock), (verb, error) =>
      this.emit({ type: 'store-error', reason: verb, error }),
    );
    this.tokens = tokens ?? new TokenFormat(policy.name, policy.keys);
    this.users = new IndexedSessions(this, rawStore);
    this.#commit = new Commit(this);
    this.#fieldUpdate = new FieldUpdate(this);
  }

  /** Asks the store whether it works, so that a missing table is told at start-up and not at the first login. */
  async start(): Promise<void> {
    if (isPingable(this.rawStore)) await this.rawStore.ping();
  }

  /**
   * Finds the session behind the presented tokens: the first that verifies and loads. Tokens that are not ours cost no
   * store call; an unknown one is never adopted (CWE-384). Without a candidate no promise is made.
   */
  open(presented: readonly unknown[]): Draft | Promise<Draft> {
    const draft = new Draft(this.clock.now(), this.policy.requestBudget, (event) => this.emit(event));
    draft.presented = presented.length > 0;
    const candidates = this.#verify(presented.slice(0, MAX_CANDIDATES));
    return candidates.length > 0 ? this.#load(draft, candidates) : draft;
  }

  commit(draft: Draft): Promise<void> | undefined {
    return this.#commit.run(draft);
  }

  async reload(draft: Draft): Promise<void> {
    const { record } = draft;
    const fresh = record && (await this.readLive(record.id, draft.budget));
    const same = fresh?.generation === record?.generation;
    draft.load(same ? fresh : undefined);
    // It is somebody's still, but no longer by the token of this request.
    draft.retired ||= !same && fresh !== undefined;
  }

  update(draft: Draft, name: string, change: (value: unknown) => unknown): Promise<unknown> {
    return this.#fieldUpdate.run(draft, name, change);
  }

  touch(draft: Draft): Promise<void> {
    return this.#commit.touch(draft);
  }

  mint(): Token {
    return this.tokens.mint();
  }

  /** Removes expired records in batches, and says how many. Nothing to do for stores that expire by themselves. */
  async sweep(): Promise<number> {
    const { rawStore } = this;
    if (!isSweepable(rawStore)) return 0;
    let swept = 0;
    for (let batch = 0; batch < MAX_SWEEP_BATCHES; batch++) {
      const removed = await rawStore.sweep(this.clock.now(), SWEEP_BATCH);
      swept += removed;
      if (removed < SWEEP_BATCH) break;
    }
    return swept;
  }

  /** The error for a refused write, once it was told as an event. */
  async conflict(record: SessionRecord, result: UpdateResult, draft: Draft): Promise<SessionConflictError> {
    const reason = await this.whyNot(record, result, draft);
    this.emit({ type: 'conflict', id: record.id, userId: record.userId, reason });
    return new SessionConflictError(reason);
  }

  /** A store that cannot tell 'gone' from 'conflict' in one step says 'conflict', and we look. */
  async whyNot(record: SessionRecord, result: UpdateResult, draft: Draft): Promise<ConflictReason> {
    if (result === 'gone') return 'gone';
    return (await this.readLive(record.id, draft.budget)) ? 'changed' : 'gone';
  }

  emit(event: Omit<SessionEvent, 'name' | 'at'>): void {
    this.events.emit({ ...event, name: this.policy.name, at: this.clock.now() });
  }

  budget(): Budget {
    return new Budget(this.policy.requestBudget);
  }

  /** A record that is this session's and has not ended under today's limits. */
  async readLive(id: string, budget: Budget): Promise<SessionRecord | undefined> {
    const now = this.clock.now();
    const record = await this.store.read(id, now, budget);
    if (!record) return undefined;
    // A record that is not the one asked for is a driver's mix-up (CVE-2023-28858): nobody may see it.
    if (record.id !== id) throw new SessionStoreUnavailableError('The session store answered with another record.');
    return record.name === this.policy.name && endOf(record, this.policy) > now ? record : undefined;
  }

  #verify(presented: readonly unknown[]): ParsedToken[] {
    const verified: ParsedToken[] = [];
    for (const text of presented) {
      const token = this.tokens.parse(text);
      if (typeof token === 'string') this.emit({ type: 'rejected', reason: token });
      else verified.push(token);
    }
    if (verified.length > 1) this.emit({ type: 'duplicate' });
    return verified;
  }

  async #load(draft: Draft, candidates: readonly ParsedToken[]): Promise<Draft> {
    try {
      for (const token of candidates) if (await this.#tryToken(draft, token)) return draft;
    } catch (error) {
      if (this.policy.onStoreError === 'fail' || !(error instanceof SessionStoreUnavailableError)) throw error;
      draft.unavailable = error;
    }
    return draft;
  }

  async #tryToken(draft: Draft, token: ParsedToken): Promise<boolean> {
    const { id, outdated } = token;
    const record = await this.readLive(id, draft.budget);
    if (!record) {
      this.emit({ type: 'rejected', id, reason: 'unknown' });
      return false;
    }
    const secretHash = hashSecret(token.secret);
    if (!sameHash(secretHash, record.secretHash)) {
      draft.retired ||= isRetired(record, secretHash, this.clock.now());
      this.emit({ type: 'rejected', id, reason: draft.retired ? 'retired' : 'unknown' });
      return false;
    }
    draft.load(record);
    draft.token = token;
    draft.outdated = outdated;
    draft.retired = false;
    return true;
  }
}

function checkStore(store: unknown): asserts store is SessionStore {
  if (!isSessionStore(store)) {
    throw new SessionConfigError(
      'The session store given to SessionModule is not a store: it needs the methods create, read, update, touch and ' +
        'delete, and its guarantees. Pass an instance such as new MemorySessionStore(), a class, or a custom provider.',
    );
  }
  if (store.guarantees.listable && !isUserIndex(store)) {
    throw new SessionConfigError(
      `${store.constructor.name} declares that its sessions are listable, but has no listByUser, raiseEpoch and epoch.`,
    );
  }
}
