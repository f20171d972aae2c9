import { SessionDestroyedError } from '../core/errors.js';
import type { Session } from '../core/session.js';

/**
 * Whom the fields of a session call logged in, as Passport keeps it, and the session's own login beside it: what changes
 * there changes here. Which of the two somebody looks at makes no difference.
 */
export class NamedUser {
  /** Whom the fields named when they were last looked at. */
  #seen: string | undefined;
  #looked = false;

  /** `name`: whom the fields name now. */
  constructor(
    private readonly session: () => Session,
    private readonly name: () => string | undefined,
  ) {}

  /** Before anybody has changed a field: only a change logs anybody in or out. */
  look(): void {
    if (this.#looked) return;
    this.#looked = true;
    this.#seen = this.#named();
  }

  /** Nobody is logged in any more, whomever the fields may name. */
  forget(): void {
    this.#looked = true;
    this.#seen = undefined;
  }

  /** Logs in whom the fields name. If that is nobody, `follow` ends the login: Passport needs the fields until then. */
  logIn(): void {
    this.#looked = true;
    const named = this.#named();
    if (named === undefined) return;
    this.#seen = named;
    const session = this.session();
    if (named === session.userId) return;
    // With its fields, whoever was logged in before: in the manner of Express, it is `regenerate` that drops them.
    const fields = session.userId === undefined ? [] : session.entries();
    session.login(named);
    for (const [name, value] of fields) session.set(name, value);
  }

  /** The same for whom they have come to name. A login whose user they name no more, because he is gone say, has ended. */
  follow(): void {
    // Somebody is about to look, and may change a field in the other way.
    if (!this.#looked) return this.look();
    const before = this.#seen;
    const named = this.#named();
    if (named === before) return;
    if (named !== undefined) return this.logIn();
    this.#seen = undefined;
    const session = this.session();
    if (session.userId === before) session.logout();
  }

  #named(): string | undefined {
    try {
      return this.name();
    } catch (error) {
      if (error instanceof SessionDestroyedError) return undefined;
      throw error;
    }
  }
}
