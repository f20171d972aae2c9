import type { BoundedStore, Budget } from './bounded.store.js';
import type { Clock } from './clock.js';
import { inTurn } from './commit-turn.js';
import { Commit } from './commit.js';
import type { Draft } from './draft.js';
import { type ConflictReason, SessionConfigError, SessionConflictError } from './errors.js';
import type { SessionEvents } from './events.js';
import { endOf } from './expiry.js';
import { FieldUpdate } from './field-update.js';
import { warnOfWeakness } from './guarantees.js';
import type { FindOld, SessionManager } from './manager.js';
import { Mover } from './mover.js';
import { SessionOpening } from './opening.js';
import { unlessOld } from './old-copy.js';
import type { SessionPolicy } from './policy.js';
import { isRetired, type SessionRecord } from './record.js';
import { IndexedSessions } from './indexed.sessions.js';
import { isSessionStore, isUserIndex, type SessionStore, type UpdateResult } from './store.js';
import { RecentTokens, type VerifiedToken } from './recent-tokens.js';
import { sameHash, type Token, TokenFormat } from './token.js';
import { ping, sweep } from './upkeep.js';

/** Sessions in a store. */
export class StoreManager extends SessionOpening implements SessionManager {
  readonly store: BoundedStore;
  readonly tokens: TokenFormat;
  readonly users: IndexedSessions;
  readonly #verify: RecentTokens['verify'];
  protected readonly unanswerable = 'new-token';
  /** Moves sessions here, if the options say where from. */
  readonly mover: Mover | undefined;
  readonly #commit: Commit;
  readonly #fieldUpdate: FieldUpdate;

  constructor(
    private readonly rawStore: SessionStore,
    policy: SessionPolicy,
    clock: Clock,
    events: SessionEvents,
    tokens?: TokenFormat,
  ) {
    super(policy, clock, events);
    checkStore(rawStore);
    this.store = this.bounded(rawStore);
    this.tokens = tokens ?? new TokenFormat(policy.name, policy.keys);
    const recent = new RecentTokens((text) => this.tokens.parse(text));
    this.#verify = (text) => recent.verify(text);
    this.users = new IndexedSessions(this, rawStore);
    this.mover = policy.migrateFrom && new Mover(this, policy.migrateFrom, this.boundedCalls());
    this.#commit = new Commit(this);
    this.#fieldUpdate = new FieldUpdate(this);
  }

  /**
   * Asks the store whether it works, so that a missing table is told at start-up and not at the first login. What the
   * store does not guarantee is told then, too.
   */
  async start(): Promise<void> {
    warnOfWeakness(this.rawStore);
    await ping(this.rawStore, this.policy.storeTimeout);
  }

  /**
   * Finds the session behind the presented tokens: the first that verifies and loads. Tokens that are not ours cost no
   * store call; an unknown one is never adopted (CWE-384). Without a candidate no promise is made.
   */
  open(presented: readonly unknown[], findOld?: FindOld): Draft | Promise<Draft> {
    const draft = this.newDraft(presented);
    const candidates = this.verified(presented, this.#verify);
    const opened =
      candidates.length === 0 ? draft : this.tryEach(draft, candidates, (token) => this.#tryToken(draft, token));
    if (!findOld || !this.mover || this.mover.isOver) return opened;
    return opened instanceof Promise
      ? opened.then((tried) => this.#orMoved(tried, findOld))
      : this.#orMoved(opened, findOld);
  }

  /** A token of ours is newer than any old cookie, also one that was replaced a moment ago. */
  #orMoved(draft: Draft, findOld: FindOld): Draft | Promise<Draft> {
    const { mover } = this;
    if (!mover || draft.record || draft.retired || draft.unavailable) return draft;
    const found = findOld();
    if (typeof found === 'string') this.emit({ type: 'rejected', reason: found });
    if (found === undefined || typeof found === 'string') return draft;
    return this.tryEach(draft, [found], (cookie) => mover.open(draft, cookie));
  }

  commit(draft: Draft): Promise<void> | undefined {
    return this.#commit.run(draft);
  }

  async reload(draft: Draft): Promise<void> {
    const { record } = draft;
    // Not while a commit is under way: what that has stored would look like somebody else's doing.
    await inTurn(draft, () => (draft.isStill(record) ? this.#reload(draft) : undefined));
  }

  async #reload(draft: Draft): Promise<void> {
    const { record } = draft;
    const fresh = record && (await this.readLive(record.id, draft.budget));
    if (!draft.isStill(record)) return;
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

  sweep(): Promise<number> {
    return sweep(this.rawStore, this.clock, this.policy.storeTimeout);
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

  /** A record that is this session's and has not ended under today's limits. */
  readLive(id: string, budget: Budget): Promise<SessionRecord | undefined> {
    const now = this.clock.now();
    return this.store.read(id, now, budget).then((record) => this.#unlessOver(record, now));
  }

  #unlessOver(record: SessionRecord | undefined, now: number): SessionRecord | undefined {
    return record?.name === this.policy.name && endOf(record, this.policy) > now ? record : undefined;
  }

  #tryToken(draft: Draft, token: VerifiedToken): Promise<boolean> {
    const { budget, openedAt } = draft;
    if (!this.rawStore.guarantees.oneLiveToken) return this.#tryCopy(draft, token);
    return this.store
      .read(token.id, openedAt, budget)
      .then((record) => this.admit(draft, token, this.#unlessOver(record, openedAt)));
  }

  async #tryCopy(draft: Draft, token: VerifiedToken): Promise<boolean> {
    const record = await this.readLive(token.id, draft.budget);
    return this.admit(draft, token, await unlessOld(this, record, token, draft.budget));
  }

  /** Lets the token into the record, if it is the one that opens it. */
  admit(draft: Draft, token: VerifiedToken, record: SessionRecord | undefined): boolean {
    const { id, outdated, secretHash } = token;
    if (!record) {
      this.emit({ type: 'rejected', id, reason: 'unknown' });
      return false;
    }
    if (!sameHash(secretHash, record.secretHash)) {
      const retired = isRetired(record, secretHash, this.clock.now());
      draft.retired ||= retired;
      this.emit({ type: 'rejected', id, reason: retired ? 'retired' : 'unknown' });
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
