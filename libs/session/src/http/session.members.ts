import { inspect } from 'node:util';
import type { Session } from '../core/session.js';
import { CookieTransport } from '../transport/cookie.transport.js';
import type { SessionBinding } from './binding.js';

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
  /** Who the fields say is logged in. */
  userId(): string | undefined;
  /** Puts a new object, or none, on the request. */
  replace(members: SessionMembers | undefined): void;
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

  /** A new token and no fields. Takes effect when the session is saved, in one step with what is set until then. */
  regenerate(callback?: Callback): Promise<void> | undefined {
    return settle(this.#regenerate(), callback);
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
    return members.#replaced ?? members.#owner.session();
  }

  /** Where fields are written. What was replaced takes none: they would be lost. */
  static writable(members: SessionMembers): Session | undefined {
    return members.#replaced ? undefined : members.#owner.session();
  }

  async #save(): Promise<void> {
    const session = this.#owner.session();
    const userId = this.#owner.userId();
    if (userId !== undefined && userId !== session.userId) logIn(session, userId);
    await session.save();
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
  async #regenerate(): Promise<void> {
    const session = this.#owner.session();
    const fields = new Map<string, unknown>(session.entries());
    if (session.userId !== undefined) session.logout();
    else {
      session.clear();
      session.regenerate();
    }
    // Passport's `keepSessionInfo` copies from the old object to the new one: emptied in place, it would keep nothing.
    this.#owner.replace(new SessionMembers(this.#owner));
    this.#replaced ??= fields;
  }

  async #destroy(): Promise<void> {
    const session = this.#owner.session();
    session.destroy();
    this.#owner.replace(undefined);
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

/** With its fields, whoever was logged in before: in the manner of Express, it is `regenerate` that drops them. */
function logIn(session: Session, userId: string): void {
  const fields = session.userId === undefined ? [] : session.entries();
  session.login(userId);
  for (const [name, value] of fields) session.set(name, value);
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
