import { UnsupportedBySessionStoreError } from './errors.js';
import type { SessionInfo, UserSessions } from './manager.js';
import type { Revocations } from './revocations.js';
import type { SealedManager } from './sealed.manager.js';
import { isSessionId } from './token.js';

/** Sealed sessions from outside of a request: nothing is kept of them, so all that can be done is to end one by its id. */
export class SealedSessions implements UserSessions {
  constructor(
    private readonly manager: SealedManager,
    private readonly backendName: string,
    private readonly revocations: Revocations | undefined,
  ) {}

  async list(): Promise<SessionInfo[]> {
    throw this.#unsupported('list the sessions of a user');
  }

  async revoke(id: string, { userId }: { userId?: string } = {}): Promise<boolean> {
    const { clock, longestLife } = this.manager;
    if (userId !== undefined) throw this.#unsupported('tell whose session an id is');
    if (!this.revocations) throw this.#unsupported('revoke a session without `revocations` to remember it in');
    // What is not an id of ours never reaches a store.
    if (!isSessionId(id)) return false;
    const news = await this.revocations.end(id, clock.now() + longestLife, this.manager.budget());
    if (news) this.manager.emit({ type: 'ended', id, reason: 'revoked' });
    return news;
  }

  async revokeAll(): Promise<number> {
    throw this.#unsupported('revoke the sessions of a user');
  }

  #unsupported(what: string): UnsupportedBySessionStoreError {
    return new UnsupportedBySessionStoreError(this.backendName, what);
  }
}
