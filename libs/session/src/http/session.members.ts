import { inspect } from 'node:util';
import type { Session } from '../core/session.js';
import { CookieTransport } from '../transport/cookie.transport.js';
import type { SessionBinding } from './binding.js';
import type { NamedUser } from './named-user.js';

type Callback = (error?: unknown) => void;

/** Whatever holds fields: the session, or a copy of what it held. */
export interface Fields {
  get(name: string): unknown;
  has(name: string): boolean;
  keys(): Iterable<string>;
}

/** What a `request.session` belongs to. */
export interface SessionOwner {
  readonly binding: SessionBinding;
  /** Gives the session, or throws what loading it threw. */
  session(): Session;
  /** Whom the fields call logged in. */
  readonly user: NamedUser;
  /** Puts a new object on the request. */
  renew(): void;
  /** Leaves none there. */
  remove(): void;
}

/** Leads to the members where only the proxy in front of them is known. */
const SELF = Symbol('nest-sessions.self');

/**
 * What express-session has beside the fields: methods that take a callback, or give a promise if they are given none.
 * They are on a prototype, so that who copies a session's properties, Passport for one, copies fields only.
 */
export class SessionMembers {
  /** The fields as they were when another object took the place of this one. */
  #replaced: Fields | undefined;
  readonly #owner: SessionOwner;

  constructor(owner: SessionOwner) {
    this.#owner = owner;
  }

  /** The public half of the token. It stays across `regenerate`, but for somebody who is logged in. */
  get id(): string {
    return this.#owner.session().id;
  }

  /** To be read only. `expires` and `maxAge` (milliseconds) are the session's, `null` while nothing is stored. */
  get cookie(): Readonly<Record<string, unknown>> {
    const { manager, transport } = this.#owner.binding;
    const { expiresAt } = this.#owner.session();
    return Object.freeze({
      ...(transport instanceof CookieTransport && transport.attributes),
      expires: expiresAt === undefined ? null : new Date(expiresAt),
      maxAge: expiresAt === undefined ? null : expiresAt - manager.clock.now(),
    });
  }

  /** Saves now instead of at the end of the request, and logs in whom the fields say is logged in. */
  save(callback?: Callback): Promise<void> | undefined {
    return settle(this.#save(), callback);
  }

  /** Forgets what this request changed and reads the session again. */
  reload(callback?: Callback): Promise<void> | undefined {
    return settle(this.#reload(), callback);
  }

  /** Counts as a sign of life now, whatever `touchInterval` says. */
  touch(callback?: Callback): Promise<void> | undefined {
    return settle(this.#touch(), callback);
  }

  /**
   * A new token and no fields, but for those named in `keep`. Takes effect when the session is saved, in one step with
   * what is set until then.
   */
  regenerate(callback?: Callback): Promise<void> | undefined;
  regenerate(keep: readonly string[] | undefined, callback?: Callback): Promise<void> | undefined;
  regenerate(first?: Callback | readonly string[], second?: Callback): Promise<void> | undefined {
    const [keep = [], callback] = typeof first === 'function' ? [undefined, first] : [first, second];
    return settle(this.#regenerate(keep), callback);
  }

  /** Ends the session now. `request.session` is gone, too. */
  destroy(callback?: Callback): Promise<void> | undefined {
    return settle(this.#destroy(), callback);
  }

  get [SELF](): this {
    return this;
  }

  /** What a log may show: no values, and no error whatever became of the session. */
  [inspect.custom](): string {
    return `RequestSession ${inspect(this[SELF].#shown())}`;
  }

  /** Where fields are read. */
  static readable(members: SessionMembers): Fields {
    return members.#replaced ?? members.#session();
  }

  /**
   * Sets a field, or removes it: in JSON, which stores for express-session write, `undefined` is not there either, and
   * no session comes of it. `false`: the object was replaced, and what is set on it would be lost.
   */
  static assign(members: SessionMembers, name: string, value: unknown): boolean {
    if (members.#replaced) return false;
    const session = members.#session();
    if (value === undefined) session.delete(name);
    else session.set(name, value);
    return true;
  }

  #session(): Session {
    const { session, user } = this.#owner;
    user.look();
    return session();
  }

  async #save(): Promise<void> {
    this.#owner.user.logIn();
    await this.#owner.session().save();
  }

  async #reload(): Promise<void> {
    await this.#owner.session().reload();
  }

  async #touch(): Promise<void> {
    await this.#owner.session().touch();
  }

  /**
   * A logged-in session ends. A stranger's stays the same record, with its old token remembered as retired: a request
   * that is under way with it cannot put a session of its own in the place of the login that follows (DESIGN 2.3).
   */
  async #regenerate(keep: readonly string[]): Promise<void> {
    const session = this.#owner.session();
    const fields = new Map<string, unknown>(session.entries());
    if (session.userId !== undefined) session.logout();
    else {
      session.clear();
      session.regenerate();
    }
    for (const name of keep) if (fields.has(name)) session.set(name, fields.get(name));
    this.#owner.user.forget();
    // Passport's `keepSessionInfo` copies from the old object to the new one: emptied in place, it would keep nothing.
    this.#owner.renew();
    this.#replaced ??= fields;
  }

  async #destroy(): Promise<void> {
    const session = this.#owner.session();
    session.destroy();
    this.#owner.remove();
    await session.save();
  }

  #shown(): object {
    try {
      return this.#owner.session().toJSON();
    } catch {
      return { unavailable: true };
    }
  }
}

/** Calls back outside of the promise, so that what a callback throws is not taken for a failure of ours. */
function settle(work: Promise<void>, callback?: Callback): Promise<void> | undefined {
  if (typeof callback === 'function') {
    work.then(
      () => process.nextTick(callback),
      (error: unknown) => process.nextTick(callback, error),
    );
    return undefined;
  }
  // Middleware that never looks at what comes of it must not end the process: the gate tells of it, with a 503.
  work.catch(() => {});
  return work;
}
