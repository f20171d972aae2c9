import { inspect } from 'node:util';
import type { Draft } from './draft.js';
import { SessionCommittedError } from './errors.js';
import { endOf } from './expiry.js';
import { checkFieldName } from './fields.js';
import { type LoginOptions, stageLogin } from './login.js';
import type { SessionManager } from './manager.js';

/** The shape of a session whose fields nobody described. */
export type SessionData = Record<string, unknown>;

type Name<T> = Extract<keyof T, string>;

/**
 * The session of one request. Fields are plain data under any name; changes, nested ones too, are saved for you before
 * the answer leaves. `login`, `regenerate`, `logout` and `destroy` take effect then as well, all in one step.
 *
 * The object takes no properties of its own: `session.visits = 1` throws instead of being lost.
 */
export class Session<T extends object = SessionData> {
  readonly #draft: Draft;
  readonly #manager: SessionManager;

  /** @internal Sessions are opened by a request, not constructed. */
  constructor(draft: Draft, manager: SessionManager) {
    this.#draft = draft;
    this.#manager = manager;
    Object.freeze(this);
  }

  /** The public half of the token: safe to log and to show. It stays across login and regenerate. */
  get id(): string {
    const draft = this.#draft;
    draft.accessed = true;
    return (draft.record ?? (draft.token ??= this.#manager.mint())).id;
  }

  /** Whether nothing is stored yet. */
  get isNew(): boolean {
    this.#draft.accessed = true;
    return this.#draft.record === undefined;
  }

  /** Who is logged in. */
  get userId(): string | undefined {
    this.#draft.accessed = true;
    return this.#draft.userId;
  }

  /** When it was first stored. Epoch milliseconds. */
  get createdAt(): number | undefined {
    return this.#draft.record?.createdAt;
  }

  /** When the user last logged in. Epoch milliseconds. */
  get authenticatedAt(): number | undefined {
    return this.#draft.record?.authenticatedAt;
  }

  /** When it ends if nobody comes back. Epoch milliseconds. */
  get expiresAt(): number | undefined {
    const { record } = this.#draft;
    return record && endOf(record, this.#manager.policy);
  }

  /** The value of a field. Change it in place, if you like: that is noticed. */
  get<K extends Name<T>>(key: K): T[K] | undefined {
    this.#draft.reading();
    return this.#draft.fields.get(key) as T[K] | undefined;
  }

  /**
   * Sets a field.
   *
   * @throws UnserializableError for functions, symbols, class instances and cycles, with the path to the culprit.
   * @throws SessionTooLargeError when this value alone is larger than `maxSessionSize`.
   */
  set<K extends Name<T>>(key: K, value: T[K]): this {
    this.#draft.writing();
    this.#draft.fields.set(key, value, this.#manager.policy.maxSessionSize);
    return this;
  }

  has(key: Name<T>): boolean {
    this.#draft.reading();
    return this.#draft.fields.has(key);
  }

  /** Says whether the field was there. */
  delete(key: Name<T>): boolean {
    this.#draft.writing();
    return this.#draft.fields.delete(key);
  }

  /** Removes all fields. The session itself, its user included, stays. */
  clear(): void {
    this.#draft.writing();
    this.#draft.fields.clear();
  }

  keys(): Name<T>[] {
    this.#draft.reading();
    return this.#draft.fields.keys() as Name<T>[];
  }

  entries(): [Name<T>, T[Name<T>]][] {
    return this.keys().map((key) => [key, this.get(key) as T[Name<T>]]);
  }

  /**
   * Changes a field atomically, at once: two requests that each add an item add two. The function gets the stored
   * value and returns the new one, or `undefined` to remove the field; it may be called again when somebody else was
   * faster, so it should do nothing else. Updates of a session take turns: one in the function of another waits in vain.
   *
   * @throws SessionConflictError if the session ended or changed hands.
   * @throws SessionStoreTimeoutError if the request's budget ran out first, while waiting for another update say.
   */
  async update<K extends Name<T>, V extends T[K] | undefined>(
    key: K,
    change: (value: T[K] | undefined) => V | Promise<V>,
  ): Promise<V> {
    checkFieldName(key);
    const draft = this.#draft;
    draft.reading();
    draft.updating();
    return (await this.#manager.update(draft, key, change as (value: unknown) => unknown)) as V;
  }

  /** Leaves a message for the next time somebody reads that key. */
  flash(key: string, value: unknown): void {
    this.#draft.writing();
    this.#draft.flashes.add(key, value, this.#manager.clock.now());
  }

  /** Takes the messages under a key, oldest first: they are gone afterwards. */
  flashes<V = unknown>(key: string): V[] {
    this.#draft.reading();
    if (this.#draft.sealed) throw new SessionCommittedError();
    this.#draft.changing();
    return this.#draft.flashes.take(key) as V[];
  }

  /** Keeps the messages taken in this request for another one. */
  keepFlashes(): void {
    this.#draft.writing();
    this.#draft.flashes.keep();
  }

  /**
   * Logs a user in: new token, same data, so a cart survives. If another user was logged in, that session ends first
   * and nothing of it is kept. A new token is what keeps a planted one from being logged in with (session fixation,
   * OWASP Session Management, "Renew the Session ID After Any Privilege Level Change").
   */
  login(userId: string, options: LoginOptions = {}): void {
    this.#draft.login(stageLogin(userId, options));
  }

  /** Ends the session. What is written afterwards in this request belongs to a new, anonymous one. */
  logout(): void {
    this.#draft.logout();
  }

  /** Replaces the token and keeps the data: after a change of privilege that is not a login. */
  regenerate(): void {
    this.#draft.regenerate();
  }

  /** Ends the session. Reading it afterwards throws; writing starts a new one. */
  destroy(): void {
    this.#draft.destroy();
  }

  /** Saves now instead of at the end of the request. What is changed later is saved then. */
  async save(): Promise<void> {
    this.#draft.saving();
    await this.#manager.commit(this.#draft);
  }

  /** Forgets what this request changed and reads the session again. */
  async reload(): Promise<void> {
    this.#draft.accessed = true;
    await this.#manager.reload(this.#draft);
  }

  /** Counts as a sign of life now, whatever `touchInterval` says. */
  async touch(): Promise<void> {
    this.#draft.accessed = true;
    await this.#manager.touch(this.#draft);
  }

  /** What may be shown of a session: no values, no token. */
  toJSON(): { id: string | undefined; isNew: boolean; userId: string | undefined; expiresAt: number | undefined } {
    const { record, userId } = this.#draft;
    return { id: record?.id, isNew: !record, userId, expiresAt: this.expiresAt };
  }

  [inspect.custom](): string {
    return `Session ${inspect({ ...this.toJSON(), keys: this.#draft.fields.keys() })}`;
  }
}
