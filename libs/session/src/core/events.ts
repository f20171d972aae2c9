/** What happened to a session. Never carries a token, a secret or a value; ids are safe to log. */
export interface SessionEvent {
  readonly type:
    /** A record was stored for the first time. */
    | 'created'
    /** A session of the library that the application used before was stored here. */
    | 'moved'
    /** Field changes reached the store. */
    | 'saved'
    /** A user logged in. `userId` says who. */
    | 'login'
    /** The token was replaced without a login. */
    | 'regenerated'
    /** The record is gone. `reason`: logout, destroy, another-user, revoked. */
    | 'ended'
    /** A presented token was not accepted. `reason`: malformed, signature, unknown, retired. */
    | 'rejected'
    /** More than one presented token verified: a cookie of the same name from another path or domain. */
    | 'duplicate'
    /** A write was refused. `reason`: gone, changed, retired, revoked. */
    | 'conflict'
    /** A stored field could not be decoded and reads as absent. `reason` names the field. */
    | 'corrupt'
    /** A call to the store failed or timed out. `reason` names the verb. */
    | 'store-error';
  /** The session's name, as in the `name` option. */
  readonly name: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly id?: string;
  readonly userId?: string;
  readonly reason?: string;
  readonly error?: Error;
}

export type SessionListener = (event: SessionEvent) => void;

/** Hands events to listeners. One that throws is ignored: it must not undo what already happened (CVE-2021-34428). */
export class SessionEvents {
  readonly #listeners = new Set<SessionListener>();

  /** Returns a function that ends the subscription. */
  subscribe(listener: SessionListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Whether anybody listens: most events have nobody to be made for. */
  get areHeard(): boolean {
    return this.#listeners.size > 0;
  }

  emit(event: SessionEvent): void {
    for (const listener of this.#listeners) {
      try {
        const listened: unknown = listener(event);
        // An async listener is a listener too, and its rejection is nobody's.
        if (listened instanceof Promise) listened.catch(() => {});
      } catch {
        // The store has already acknowledged; a listener cannot change the outcome.
      }
    }
  }
}
