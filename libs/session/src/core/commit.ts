import type { Draft } from './draft.js';
import { SessionStoreUnavailableError } from './errors.js';
import { isTouchDue, touchedUntil } from './expiry.js';
import type { FieldsDelta } from './fields.js';
import { changed } from './record.change.js';
import type { SessionRecord } from './record.js';
import type { StoreManager } from './store.manager.js';
import { TokenIssuer } from './token-issuer.js';
import { inTurn } from './commit-turn.js';

/**
 * The commit table: what a draft wants, and the one store call that does it.
 *
 * | the draft has            | the store gets                       | the client gets     |
 * | ------------------------ | ------------------------------------ | ------------------- |
 * | nothing new              | nothing, or a touch when one is due  | nothing             |
 * | staged ends              | delete, before anything else         | the cookie cleared  |
 * | writes, no record        | create                               | a new token         |
 * | a login or regenerate    | update that swaps the secret         | a new token         |
 * | writes                   | update of what changed               | nothing             |
 */
export class Commit {
  readonly #issuer: TokenIssuer;

  constructor(private readonly manager: StoreManager) {
    this.#issuer = new TokenIssuer(manager);
  }

  /** `undefined`: there was nothing to do, and no promise was made. Commits of one draft take turns. */
  run(draft: Draft): Promise<void> | undefined {
    return inTurn(draft, () => {
      if (draft.unavailable || draft.retired) return undefined;
      return draft.ends.length > 0 ? this.#endThenStore(draft) : this.#store(draft);
    });
  }

  /** Extends a session's life; a session that ended meanwhile is left as it is. */
  async touch(draft: Draft): Promise<void> {
    const { record } = draft;
    if (!record) return;
    const { clock, policy, store } = this.manager;
    const now = clock.now();
    const expiresAt = touchedUntil(record, policy, now);
    const result = await store.touch(record.id, expiresAt, now, { generation: record.generation }, draft.budget);
    // Unless this request has ended it meanwhile, or made it another one.
    if (result !== 'ok' || draft.record !== record) return;
    draft.record = { ...record, expiresAt: Math.max(record.expiresAt, expiresAt) };
    this.#resign(draft);
  }

  /** What ends, ends, whatever is wrong with what was written afterwards. */
  async #endThenStore(draft: Draft): Promise<void> {
    try {
      await this.#end(draft);
    } catch (error) {
      draft.failed = true;
      throw error;
    }
    await this.#store(draft);
  }

  #store(draft: Draft): Promise<void> | undefined {
    try {
      const delta = draft.delta();
      if (!draft.hasWrites(delta)) return this.#housekeeping(draft);
      draft.checkSize(delta, this.manager.policy.maxSessionSize);
      return this.#write(draft, delta).catch((error: unknown) => {
        draft.failed = true;
        throw error;
      });
    } catch (error) {
      draft.failed = true;
      throw error;
    }
  }

  #write(draft: Draft, delta: FieldsDelta | undefined): Promise<void> {
    const { record, rotation } = draft;
    if (!record) return this.#issuer.create(draft, draft.fields.snapshot());
    return rotation ? this.#issuer.rotate(draft, record, rotation, delta) : this.#save(draft, record, delta);
  }

  /** Nothing changed: touch, once, when it is worth it, or when the token is to be signed anew. */
  #housekeeping(draft: Draft): Promise<void> | undefined {
    const { record } = draft;
    const { clock, policy } = this.manager;
    const isDue = record && (draft.outdated || isTouchDue(record, policy, clock.now()));
    if (draft.touched || !isDue) return undefined;
    draft.touched = true;
    // The answer is right whether or not this succeeds; the failure is told as an event.
    return this.touch(draft).catch((error: unknown) => {
      if (!(error instanceof SessionStoreUnavailableError)) throw error;
    });
  }

  /**
   * A token signed with a key that is on its way out is sent again, signed with the first. Only after the store has said
   * that it is still the live one: a slow answer must not take away the cookie that a login in another tab has just set.
   */
  #resign(draft: Draft): void {
    if (!draft.outdated || !draft.token) return;
    draft.outdated = false;
    draft.cookie = { kind: 'issue', text: this.manager.tokens.format(draft.token) };
  }

  async #end(draft: Draft): Promise<void> {
    for (let end = draft.ends[0]; end; end = draft.ends[0]) {
      // No expectation: whoever rotated the token meanwhile, a logout is a logout (ASVS 7.4.1).
      await this.manager.store.delete(end.id, undefined, draft.budget);
      draft.ends.shift();
      // A token that an earlier save() of this request has made must not go out any more.
      draft.cookie = draft.presented ? { kind: 'clear' } : undefined;
      this.manager.emit({ type: 'ended', id: end.id, userId: end.userId, reason: end.reason });
    }
  }

  async #save(draft: Draft, record: SessionRecord, delta: FieldsDelta | undefined): Promise<void> {
    const { clock, policy, store } = this.manager;
    const now = clock.now();
    const expiresAt = touchedUntil(record, policy, now);
    const flashes = draft.flashes.pending();
    const meta = flashes.size > 0 ? flashes : undefined;
    const expect = { generation: record.generation };
    const change = { fields: delta?.changes, replace: delta?.replace, meta, expiresAt, expect };
    const result = await store.update(record.id, change, now, draft.budget);
    if (result !== 'ok') throw await this.manager.conflict(record, result, draft);
    this.manager.emit({ type: 'saved', id: record.id, userId: record.userId });
    if (!draft.isStill(record)) return;
    if (delta) draft.fields.accept(delta);
    draft.flashes.accept(flashes);
    draft.record = changed(draft.record ?? record, change);
    draft.failed = false;
    this.#resign(draft);
  }
}
