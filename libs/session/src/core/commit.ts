import type { Draft, StagedRotation } from './draft.js';
import {
  type ConflictReason,
  SessionConflictError,
  SessionStoreUnavailableError,
  SessionTooLargeError,
} from './errors.js';
import { isRemembered, isTouchDue, limitsFor, touchedUntil } from './expiry.js';
import type { FieldsDelta } from './fields.js';
import type { SessionManager } from './manager.js';
import { META, retire, type SessionRecord } from './record.js';
import type { Rotation, TextChanges, UpdateResult } from './store.js';
import { applyChanges, NO_TEXTS, sizeOf } from './texts.js';
import { hashSecret, type Token } from './token.js';

/** An id that is taken is a broken random source or an attack; neither is met by trying for ever. */
const MAX_CREATE_ATTEMPTS = 3;

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
  constructor(private readonly manager: SessionManager) {}

  /** `undefined`: there was nothing to do, and no promise was made. Commits of one draft take turns. */
  run(draft: Draft): Promise<void> | undefined {
    if (draft.committing) return draft.committing.catch(() => {}).then(() => this.run(draft));
    if (draft.unavailable || draft.retired) return undefined;
    const delta = draft.fields.delta();
    const stores = this.#hasWrites(draft, delta);
    const work = stores || draft.ends.length > 0 ? this.#carryOut(draft, delta, stores) : this.#housekeeping(draft);
    if (work) draft.committing = work.finally(() => (draft.committing = undefined));
    return draft.committing;
  }

  /** Extends a session's life; a session that ended meanwhile is left as it is. */
  async touch(draft: Draft): Promise<void> {
    const { record } = draft;
    if (!record) return;
    const { clock, policy, store } = this.manager;
    const now = clock.now();
    const expiresAt = touchedUntil(record, policy, now);
    const result = await store.touch(record.id, expiresAt, now, { generation: record.generation }, draft.budget);
    if (result === 'ok') draft.record = { ...record, expiresAt: Math.max(record.expiresAt, expiresAt) };
  }

  #hasWrites(draft: Draft, delta: FieldsDelta | undefined): boolean {
    const { flashes, record, rotation } = draft;
    if (rotation?.kind === 'login' || flashes.changes.size > 0) return true;
    // What was cleared or removed needs no storing where nothing is stored.
    return record ? delta !== undefined || rotation !== undefined : delta !== undefined && delta.changes.size > 0;
  }

  /** Nothing changed: sign an old token anew, and touch when it is worth it. */
  #housekeeping(draft: Draft): Promise<void> | undefined {
    const { record, token } = draft;
    if (!record) return undefined;
    if (draft.outdated && token) {
      draft.outdated = false;
      draft.cookie = { kind: 'issue', token };
    }
    const { clock, policy } = this.manager;
    if (!isTouchDue(record, policy, clock.now())) return undefined;
    // The answer is right whether or not this succeeds; the failure is told as an event.
    return this.touch(draft).catch((error: unknown) => {
      if (!(error instanceof SessionStoreUnavailableError)) throw error;
    });
  }

  async #carryOut(draft: Draft, delta: FieldsDelta | undefined, stores: boolean): Promise<void> {
    try {
      this.#checkSize(draft, delta);
      await this.#end(draft);
      if (!stores) return;
      if (!draft.record) await this.#create(draft, draft.fields.texts());
      else if (draft.rotation) await this.#rotate(draft, draft.record, draft.rotation, delta);
      else await this.#save(draft, draft.record, delta);
    } catch (error) {
      draft.failed = true;
      throw error;
    }
  }

  async #end(draft: Draft): Promise<void> {
    for (let end = draft.ends[0]; end; end = draft.ends[0]) {
      // No expectation: whoever rotated the token meanwhile, a logout is a logout (ASVS 7.4.1).
      await this.manager.store.delete(end.id, undefined, draft.budget);
      draft.ends.shift();
      if (draft.presented) draft.cookie = { kind: 'clear' };
      this.manager.emit({ type: 'ended', id: end.id, userId: end.userId, reason: end.reason });
    }
  }

  async #create(draft: Draft, fields: Map<string, string>): Promise<void> {
    const { clock, policy, store, tokens } = this.manager;
    const now = clock.now();
    const login = draft.rotation?.kind === 'login' ? draft.rotation : undefined;
    const limits = limitsFor(policy, login?.remember ?? false);
    const absoluteExpiresAt = now + limits.absolute;
    const flashes = new Map(draft.flashes.changes);
    const meta = applyChanges(NO_TEXTS, [...flashes, ...limitsMeta(limits.idle, login)]);
    for (let attempt = 1; attempt <= MAX_CREATE_ATTEMPTS; attempt++) {
      const token = attempt === 1 && draft.token ? draft.token : tokens.mint();
      const record: SessionRecord = {
        id: token.id,
        name: policy.name,
        secretHash: hashSecret(token.secret),
        generation: 0,
        version: 0,
        fields,
        meta,
        userId: login?.userId,
        createdAt: now,
        authenticatedAt: login && now,
        expiresAt: Math.min(now + limits.idle, absoluteExpiresAt),
        absoluteExpiresAt,
      };
      if (!(await store.create(record, draft.budget))) continue;
      draft.fields.accept({ changes: fields, replace: true });
      this.#adopt(draft, record, token, flashes);
      this.manager.emit({ type: 'created', id: record.id, userId: record.userId });
      if (login) await this.#afterLogin(draft, record);
      return;
    }
    throw new Error(`Every one of ${MAX_CREATE_ATTEMPTS} new session ids was taken: the random source is broken.`);
  }

  /** One atomic step on every store: the new secret replaces the old one in the same record, or nothing happens. */
  async #rotate(
    draft: Draft,
    record: SessionRecord,
    rotation: StagedRotation,
    delta: FieldsDelta | undefined,
  ): Promise<void> {
    const { clock, policy, store, tokens } = this.manager;
    const now = clock.now();
    const login = rotation.kind === 'login' ? rotation : undefined;
    const token = tokens.remint(record.id);
    const limits = limitsFor(policy, login ? login.remember : isRemembered(record));
    const absoluteExpiresAt = login ? now + limits.absolute : record.absoluteExpiresAt;
    const rotate: Rotation = {
      secretHash: hashSecret(token.secret),
      generation: record.generation + 1,
      userId: login ? login.userId : record.userId,
      authenticatedAt: login ? now : record.authenticatedAt,
      expiresAt: Math.min(now + limits.idle, absoluteExpiresAt),
      absoluteExpiresAt,
    };
    const flashes = new Map(draft.flashes.changes);
    const meta = new Map(flashes).set(META.retired, retire(record, now, rotation.kind));
    if (login) for (const [name, text] of limitsMeta(limits.idle, login)) meta.set(name, text);
    const expect = { generation: record.generation, secretHash: record.secretHash };
    const change = { fields: delta?.changes, replace: delta?.replace, meta, rotate, expect };
    const result = await store.update(record.id, change, now, draft.budget);
    if (result === 'ok') {
      const adopted = { ...record, ...rotate, meta: applyChanges(record.meta, meta) };
      if (delta) draft.fields.accept(delta);
      this.#adopt(draft, adopted, token, flashes);
      this.manager.emit({ type: login ? 'login' : 'regenerated', id: record.id, userId: rotate.userId });
      if (login) await this.#afterLogin(draft, adopted);
    } else if (login) await this.#loginElsewhere(draft, record, result);
    else throw await this.#conflict(record, result, draft);
  }

  /**
   * A login never fails because somebody else rotated: it starts a new record from the data it loaded. Of a session
   * that ended meanwhile nothing is brought back but what this request wrote.
   */
  async #loginElsewhere(draft: Draft, record: SessionRecord, result: UpdateResult): Promise<void> {
    const reason = await this.#whyNot(record, result, draft);
    const delta = draft.fields.delta();
    const written = [...(delta?.changes ?? [])].filter((entry): entry is [string, string] => entry[1] !== null);
    draft.token = undefined;
    await this.#create(draft, reason === 'gone' ? new Map(written) : draft.fields.texts());
  }

  async #save(draft: Draft, record: SessionRecord, delta: FieldsDelta | undefined): Promise<void> {
    const { clock, policy, store } = this.manager;
    const now = clock.now();
    const expiresAt = touchedUntil(record, policy, now);
    const flashes = new Map(draft.flashes.changes);
    const meta = flashes.size > 0 ? flashes : undefined;
    const expect = { generation: record.generation };
    const change = { fields: delta?.changes, replace: delta?.replace, meta, expiresAt, expect };
    const result = await store.update(record.id, change, now, draft.budget);
    if (result !== 'ok') throw await this.#conflict(record, result, draft);
    if (delta) draft.fields.accept(delta);
    draft.flashes.accept(flashes);
    draft.record = {
      ...record,
      meta: applyChanges(record.meta, flashes),
      expiresAt: Math.max(record.expiresAt, expiresAt),
    };
    draft.failed = false;
    this.manager.emit({ type: 'saved', id: record.id, userId: record.userId });
  }

  /**
   * The other half of `revokeAll`: it may have listed this user's sessions before this one was there to be found.
   * An epoch raised since the request opened means that it did.
   */
  async #afterLogin(draft: Draft, record: SessionRecord): Promise<void> {
    const { store, users } = this.manager;
    const userId = record.userId;
    if (!users || userId === undefined) return;
    const epoch = await store.call('epoch', draft.budget, () => users.epoch(userId));
    if (epoch < draft.openedAt) return;
    await store.delete(record.id, undefined, draft.budget);
    draft.cookie = undefined;
    draft.load(undefined);
    this.manager.emit({ type: 'ended', id: record.id, userId, reason: 'revoked' });
    throw new SessionConflictError('revoked');
  }

  #adopt(draft: Draft, record: SessionRecord, token: Token, flashes: TextChanges): void {
    draft.flashes.accept(flashes);
    draft.rotation = undefined;
    draft.record = record;
    draft.token = token;
    draft.outdated = false;
    draft.failed = false;
    draft.cookie = { kind: 'issue', token };
  }

  async #conflict(record: SessionRecord, result: UpdateResult, draft: Draft): Promise<SessionConflictError> {
    const reason = await this.#whyNot(record, result, draft);
    this.manager.emit({ type: 'conflict', id: record.id, userId: record.userId, reason });
    return new SessionConflictError(reason);
  }

  /** A store that cannot tell 'gone' from 'conflict' in one step says 'conflict', and we look. */
  async #whyNot(record: SessionRecord, result: UpdateResult, draft: Draft): Promise<ConflictReason> {
    if (result === 'gone') return 'gone';
    return (await this.manager.readLive(record.id, draft.budget)) ? 'changed' : 'gone';
  }

  /** Shrinking is always allowed: a session that is too large already must be able to get smaller. */
  #checkSize(draft: Draft, delta: FieldsDelta | undefined): void {
    if (!delta) return;
    const size = sizeOf(draft.fields.merged(delta));
    const { maxSessionSize } = this.manager.policy;
    if (size > maxSessionSize && size > draft.fields.storedSize()) {
      throw new SessionTooLargeError(size, maxSessionSize);
    }
  }
}

/** The limits a record is to live by. */
function limitsMeta(idle: number, login?: StagedRotation & { kind: 'login' }): [string, string | null][] {
  const entries: [string, string | null][] = [[META.idle, String(idle)]];
  if (!login) return entries;
  entries.push([META.remember, login.remember ? '1' : null]);
  if (login.label !== undefined) entries.push([META.label, login.label]);
  return entries;
}
