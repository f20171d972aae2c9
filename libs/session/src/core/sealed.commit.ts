import type { Draft } from './draft.js';
import {
  SessionCommittedError,
  SessionConflictError,
  SessionStoreUnavailableError,
  SessionTooLargeError,
} from './errors.js';
import { isTouchDue } from './expiry.js';
import { lastEndOf, type SessionRecord } from './record.js';
import type { Revocations } from './revocations.js';
import { type Sealed, SealIssuer } from './seal-issuer.js';
import type { SealedManager } from './sealed.manager.js';
import type { SealedBackend } from './sealed.js';
import type { StagedEnd } from './staged.js';
import { inTurn } from './commit-turn.js';

/**
 * The commit table where the session is its token: whatever changes is sealed anew. Without `revocations` nobody is
 * asked and nothing is waited for.
 *
 * | the draft has         | the revocations get                          | the client gets                      |
 * | --------------------- | -------------------------------------------- | ------------------------------------ |
 * | nothing new           | a read if there is to be a new seal          | a new seal if a touch or a key is due |
 * | staged ends           | an entry each, before anything else          | the cookie cleared                   |
 * | writes, no record     | nothing                                      | a seal                               |
 * | a login or regenerate | an entry that no token counts but the new one | a new seal                           |
 * | writes                | a read                                       | a new seal                           |
 */
export class SealedCommit {
  readonly #issuer: SealIssuer;

  constructor(
    private readonly manager: SealedManager,
    backend: SealedBackend,
    private readonly revocations: Revocations | undefined,
  ) {
    this.#issuer = new SealIssuer(manager, backend);
  }

  /** `undefined`: it is done, and no promise was made. */
  run(draft: Draft): Promise<void> | undefined {
    // Asked now: while the gate's own commit is at work or waits for its turn, the draft is sealed already.
    const late = draft.sealed;
    const fail = (error: unknown): never => {
      draft.failed = true;
      throw error;
    };
    return inTurn(draft, () => {
      try {
        return this.#begin(draft, late)?.catch(fail);
      } catch (error) {
        return fail(error);
      }
    });
  }

  /** Extends a session's life; one that ended meanwhile is left as it is. */
  async touch(draft: Draft): Promise<void> {
    const { record } = draft;
    if (!record) return;
    const standing = await this.revocations?.standing(record, draft.budget);
    const isLive = standing === undefined || standing === 'live';
    if (isLive && draft.record === record) this.#issuer.extend(draft, record);
  }

  #begin(draft: Draft, late: boolean): Promise<void> | undefined {
    if (draft.unavailable || draft.retired) return undefined;
    if (draft.ends.length > 0 && this.revocations) {
      return this.#revoke(draft, this.revocations).then(() => this.#reseal(draft, late));
    }
    for (const end of draft.ends.splice(0)) this.#ended(draft, end);
    return this.#reseal(draft, late);
  }

  /** Before anything is sealed: whatever becomes of that, a logout is a logout. */
  async #revoke(draft: Draft, revocations: Revocations): Promise<void> {
    for (let end = draft.ends[0]; end; end = draft.ends[0]) {
      await revocations.end(end.id, end.until, draft.budget);
      draft.ends.shift();
      this.#ended(draft, end);
    }
  }

  #ended(draft: Draft, { id, reason, userId }: StagedEnd): void {
    // A seal that an earlier save() of this request has made must not go out any more.
    draft.cookie = draft.presented ? { kind: 'clear' } : undefined;
    this.manager.emit({ type: 'ended', id, userId, reason });
  }

  #reseal(draft: Draft, late: boolean): Promise<void> | undefined {
    const delta = draft.fields.delta();
    if (!draft.hasWrites(delta)) return late || draft.unanswerable ? undefined : this.#housekeeping(draft);
    // A store would still take it. Here the token is on its way, and this would be lost without a word.
    if (late) throw new SessionCommittedError();
    draft.checkSize(delta, this.manager.policy.maxSessionSize);
    const { record } = draft;
    // Sealed before the old token is given up: if it does not fit, nothing has happened.
    const sealed = this.#issuer.seal(draft, delta, record);
    if (record && this.revocations) return this.#claim(draft, record, sealed, this.revocations);
    this.#issuer.issue(draft, sealed);
    return undefined;
  }

  /** Nothing changed: the same is sealed anew when its key is old or a touch is worth it. */
  #housekeeping(draft: Draft): Promise<void> | undefined {
    const { record } = draft;
    const { clock, policy } = this.manager;
    const isDue = record && (draft.outdated || isTouchDue(record, policy, clock.now()));
    if (draft.touched || !isDue) return undefined;
    draft.touched = true;
    if (this.revocations) return this.touch(draft).catch(ignoreLostTouch);
    try {
      this.#issuer.extend(draft, record);
    } catch (error) {
      ignoreLostTouch(error);
    }
    return undefined;
  }

  /** Hands the new seal out if the token that was presented still counts, and sees to it that it no longer does. */
  async #claim(draft: Draft, before: SessionRecord, sealed: Sealed, revocations: Revocations): Promise<void> {
    const { budget } = draft;
    const { record, rotation } = sealed;
    const replaced = rotation && (await revocations.replace(before, lastEndOf(record), budget));
    const standing = replaced ? 'live' : await revocations.standing(before, budget);
    if (replaced || (!rotation && standing === 'live')) return this.#issuer.issue(draft, sealed);
    // Ended meanwhile by this very request: there is nothing left to save.
    if (draft.isEnding(before)) return;
    const reason = standing === 'ended' ? 'gone' : 'changed';
    if (rotation?.kind === 'login') return this.#loginElsewhere(draft, reason);
    const { id, userId } = before;
    this.manager.emit({ type: 'conflict', id, userId, reason });
    throw new SessionConflictError(reason);
  }

  /**
   * A login never fails because somebody else rotated: it starts a new session from the data it loaded. Of one that
   * ended meanwhile nothing is brought back but what this request wrote.
   */
  #loginElsewhere(draft: Draft, reason: 'gone' | 'changed'): void {
    draft.token = undefined;
    const isGone = reason === 'gone';
    const fields = isGone ? draft.fields.written() : draft.fields.snapshot();
    const flashes = isGone ? draft.flashes.pending() : draft.flashes.texts();
    this.#issuer.issue(draft, this.#issuer.seal(draft, fields, undefined, flashes));
  }
}

/** The answer is right without it. An outage was told as an event; what does not fit any more expires in time. */
function ignoreLostTouch(error: unknown): void {
  if (error instanceof SessionStoreUnavailableError || error instanceof SessionTooLargeError) return;
  throw error;
}
