import { Budget } from './bounded.store.js';
import {
  SessionCommittedError,
  SessionConflictError,
  SessionDestroyedError,
  SessionNoResponseError,
  type SessionStoreUnavailableError,
  SessionTooLargeError,
} from './errors.js';
import type { SessionEvent } from './events.js';
import { Fields, type FieldsDelta } from './fields.js';
import { Flashes } from './flashes.js';
import { lastEndOf, type SessionRecord } from './record.js';
import type { CookieAction, StagedEnd, StagedRotation, Stored, Unanswerable } from './staged.js';
import { sizeOf } from './texts.js';
import type { Token } from './token.js';

/**
 * One session as one request found it, and everything the request wants to be different. Pure bookkeeping: nothing
 * here talks to a store. `SessionManager` fills it and commits it; `Session` is what the application sees of it.
 */
export class Draft {
  /** What the store holds as far as this request knows. Absent while the session is new. */
  record: SessionRecord | undefined;
  /** The new record that a commit is storing right now. */
  creating: SessionRecord | undefined;
  /** The live token, known once one was presented or made. */
  token: Token | undefined;
  rotation: StagedRotation | undefined;
  readonly ends: StagedEnd[] = [];
  /** Set by a commit, taken by the scope. */
  cookie: CookieAction | undefined;

  /** A token was presented, so a cookie is there to be cleared. */
  presented = false;
  /** The token is good but its signature is made with an old key. */
  outdated = false;
  /** The token was retired a moment ago: nothing is shown, nothing may be written, no cookie is sent. */
  retired = false;
  /** The store could not be read, and `onStoreError` says to go on as a stranger. */
  unavailable: SessionStoreUnavailableError | undefined;
  /** The application looked at the session, so the answer depends on it. */
  accessed = false;
  /** The first byte of the answer is out. */
  sealed = false;
  /** There is no response, only a message of a socket say. */
  unanswerable: Unanswerable | undefined;
  /** Called when an end was staged that is not to wait for anything. */
  onEnd: (() => void) | undefined;
  /** A commit failed: an error answer must not try again. */
  failed = false;
  /** A touch was tried; one per request is enough. */
  touched = false;
  /** The commit under way, if any: they take turns. */
  committing: Promise<void> | undefined;

  readonly budget: Budget;
  /** Made when somebody asks: most requests look at few things, and some at none. */
  #fields: Fields | undefined;
  #flashes: Flashes | undefined;
  #destroyed = false;
  readonly #onCorrupt = (reason: string, error: unknown): void =>
    this.emit({ type: 'corrupt', id: this.record?.id, reason, error: error as Error });

  constructor(
    readonly openedAt: number,
    budgetMilliseconds: number,
    private readonly emit: (event: Omit<SessionEvent, 'name' | 'at'>) => void,
  ) {
    this.budget = new Budget(budgetMilliseconds);
  }

  get fields(): Fields {
    return (this.#fields ??= new Fields(this.record?.fields, this.#onCorrupt));
  }

  get flashes(): Flashes {
    return (this.#flashes ??= new Flashes(this.record?.meta, this.#onCorrupt));
  }

  /** Takes what the store holds, and forgets what this request had changed. */
  load(record: SessionRecord | undefined): void {
    this.record = record;
    if (!record) this.token = undefined;
    this.#fields = undefined;
    this.#flashes = undefined;
    this.rotation = undefined;
    this.#destroyed = false;
    this.failed = false;
  }

  get userId(): string | undefined {
    return this.rotation?.kind === 'login' ? this.rotation.userId : this.record?.userId;
  }

  /** Every read of data goes through here. */
  reading(): void {
    this.accessed = true;
    if (this.#destroyed) throw new SessionDestroyedError();
  }

  /** Every change of data goes through here. */
  writing(): void {
    this.ending();
    if (this.unanswerable && !this.record) throw new SessionNoResponseError('A new session');
    this.changing();
    this.#destroyed = false;
  }

  /** Everything that changes what a client holds, where the session is its token, goes through here. */
  changing(): void {
    if (this.unanswerable === 'change') throw new SessionNoResponseError('A session that is kept in its cookie');
  }

  /** What is stored at once, even after the first byte, goes through here. */
  updating(): void {
    if (!this.sealed || !this.record) return this.writing();
    this.saving();
    this.changing();
  }

  /** Every end goes through here: no token is needed for one. */
  ending(): void {
    this.saving();
    if (this.sealed) throw new SessionCommittedError();
  }

  /** Everything that is to reach the store goes through here. */
  saving(): void {
    this.accessed = true;
    if (this.unavailable) throw this.unavailable;
    if (!this.retired) return;
    this.emit({ type: 'conflict', reason: 'retired' });
    throw new SessionConflictError('retired');
  }

  login(rotation: StagedRotation & { kind: 'login' }): void {
    if (this.unanswerable) throw new SessionNoResponseError('login()');
    this.writing();
    const current = this.userId;
    if (current !== undefined && current !== rotation.userId) this.#end('another-user');
    this.rotation = rotation;
  }

  regenerate(): void {
    if (this.unanswerable) throw new SessionNoResponseError('regenerate()');
    this.writing();
    if (this.record && !this.rotation) this.rotation = { kind: 'regenerate' };
  }

  logout(): void {
    this.ending();
    this.#end('logout');
  }

  destroy(): void {
    this.ending();
    this.#end('destroy');
    this.#destroyed = true;
  }

  /** Stages the end of the record; what is written from here on belongs to a new one. */
  #end(reason: StagedEnd['reason']): void {
    const record = this.record ?? this.creating;
    if (record) this.ends.push({ id: record.id, userId: record.userId, reason, until: lastEndOf(record) });
    this.load(undefined);
    this.onEnd?.();
  }

  /** The record's end is staged: by now it may have been while the record was being stored. */
  isEnding({ id }: SessionRecord): boolean {
    return this.ends.some((end) => end.id === id);
  }

  /** Whether the session is the same as before something was waited for: not ended by this very request meanwhile. */
  isStill(before: SessionRecord | undefined): boolean {
    return this.record?.id === before?.id;
  }

  /** What is to change in the fields, if anything. */
  delta(): FieldsDelta | undefined {
    return this.#fields?.delta();
  }

  /** Whether there is something to store. What was cleared or removed needs no storing where nothing is stored. */
  hasWrites(delta: FieldsDelta | undefined): boolean {
    if (this.rotation?.kind === 'login' || this.#flashes?.isChanged) return true;
    if (this.record) return delta !== undefined || this.rotation !== undefined;
    return delta !== undefined && delta.changes.size > 0;
  }

  /** Shrinking is always allowed: a session that is too large already must be able to get smaller. */
  checkSize(delta: FieldsDelta | undefined, limit: number): void {
    const { fields, flashes } = this;
    const size = (delta ? fields.mergedSize(delta) : fields.storedSize()) + sizeOf(flashes.texts());
    if (size > limit && size > fields.storedSize() + flashes.storedSize()) throw new SessionTooLargeError(size, limit);
  }

  /** What the client holds from now on is this record's. What was staged since it went to the store stays staged. */
  adopt(record: SessionRecord, token: Token, stored: Stored): void {
    if (stored.delta) this.fields.accept(stored.delta);
    this.flashes.accept(stored.flashes);
    if (this.rotation === stored.rotation) this.rotation = undefined;
    this.record = record;
    this.token = token;
    this.outdated = false;
    this.failed = false;
  }

  /** An answer of 500 and above: field changes and logins are dropped, ends are not (DESIGN 2.4). */
  rollback(): void {
    const { record, token } = this;
    this.load(record);
    this.token = token;
    this.outdated = false;
  }
}
