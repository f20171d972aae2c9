import { setTimeout as sleep } from 'node:timers/promises';
import { decode, encode } from './codec.js';
import type { Draft } from './draft.js';
import { SessionConflictError, SessionStoreTimeoutError, SessionTooLargeError } from './errors.js';
import { touchedUntil } from './expiry.js';
import { changed } from './record.change.js';
import type { SessionRecord } from './record.js';
import type { StoreManager } from './store.manager.js';
import { sizeAfter, sizeOf } from './texts.js';
import { UpdateTurns } from './update-turns.js';

/**
 * `session.update(key, fn)`: reads a field, applies the function, and writes only if the field is still what was read;
 * otherwise again. Updates of one session within this process take turns, so that only other processes are raced.
 */
export class FieldUpdate {
  readonly #turns: UpdateTurns;

  constructor(private readonly manager: StoreManager) {
    this.#turns = new UpdateTurns(manager.policy.requestBudget);
  }

  async run(draft: Draft, name: string, change: (value: unknown) => unknown): Promise<unknown> {
    const { fields, record: before } = draft;
    // What is staged, or set and not yet saved, comes first: the function is to see it.
    if (before && (draft.rotation || draft.ends.length > 0 || fields.isChanged(name))) {
      await this.manager.commit(draft);
    }
    // A session that this very request has ended meanwhile is not the one to update; what comes after it is not either.
    const record = draft.isStill(before) || draft.fields === fields ? draft.record : before;
    // Nobody else has the token of a session that is not stored yet.
    if (!record) return this.#turns.inMemory(draft, name, change);
    return this.#turns.take(record.id, draft, (waited) => {
      return this.#retry(draft, record, name, change, waited || !draft.isStill(record));
    });
  }

  async #retry(
    draft: Draft,
    loaded: SessionRecord,
    name: string,
    change: (value: unknown) => unknown,
    isOld: boolean,
  ): Promise<unknown> {
    let current: SessionRecord = isOld ? await this.#reread(draft, loaded) : loaded;
    let before = isOld ? current.fields.get(name) : draft.fields.storedText(name);
    for (let attempt = 0; ; attempt++) {
      const value = await change(this.#decode(loaded.id, name, before));
      const after = value === undefined ? undefined : encode(value, name);
      if (after === before || (await this.#write(draft, current, name, before, after))) {
        // What ended meanwhile, by this very request, leaves nothing to what comes after it.
        if (draft.isStill(loaded)) draft.fields.acceptField(name, after ?? null, value);
        return value;
      }
      await this.#pause(draft, attempt);
      current = await this.#reread(draft, loaded);
      before = current.fields.get(name);
    }
  }

  /** A text that cannot be decoded reads as absent here too, and what the function returns takes its place. */
  #decode(id: string, name: string, text: string | undefined): unknown {
    try {
      return text === undefined ? undefined : decode(text);
    } catch (error) {
      this.manager.emit({ type: 'corrupt', id, reason: name, error: error as Error });
      return undefined;
    }
  }

  async #write(
    draft: Draft,
    record: SessionRecord,
    name: string,
    before: string | undefined,
    after: string | undefined,
  ): Promise<boolean> {
    const { clock, policy, store } = this.manager;
    this.#checkSize(record, name, after);
    const now = clock.now();
    const change = {
      fields: new Map([[name, after ?? null]]),
      expiresAt: touchedUntil(record, policy, now),
      expect: { generation: record.generation, fields: new Map([[name, before ?? null]]) },
    };
    if ((await store.update(record.id, change, now, draft.budget)) !== 'ok') return false;
    if (draft.isStill(record)) draft.record = changed(draft.record ?? record, change);
    this.manager.emit({ type: 'saved', id: record.id, userId: record.userId });
    return true;
  }

  /** The record as it is now, if it is still the session that this request loaded. */
  async #reread(draft: Draft, loaded: SessionRecord): Promise<SessionRecord> {
    const record = await this.manager.readLive(loaded.id, draft.budget);
    if (record?.generation === loaded.generation) return record;
    const reason = record ? 'changed' : 'gone';
    this.manager.emit({ type: 'conflict', id: loaded.id, userId: loaded.userId, reason });
    throw new SessionConflictError(reason);
  }

  /** Jitter keeps two processes from meeting again and again. The wait counts against the request's budget. */
  async #pause(draft: Draft, attempt: number): Promise<void> {
    const milliseconds = Math.random() * Math.min(50, 2 ** attempt);
    draft.budget.left -= milliseconds;
    if (draft.budget.left <= 0) throw new SessionStoreTimeoutError(this.manager.policy.requestBudget);
    await sleep(milliseconds);
  }

  #checkSize(record: SessionRecord, name: string, after: string | undefined): void {
    if (after === undefined) return;
    const { maxSessionSize } = this.manager.policy;
    const size = sizeAfter(record.fields, new Map([[name, after]]));
    if (size > maxSessionSize && size > sizeOf(record.fields)) throw new SessionTooLargeError(size, maxSessionSize);
  }
}
