import type { Draft } from './draft.js';
import { SessionConflictError } from './errors.js';
import type { FieldsDelta } from './fields.js';
import { newLife, sameLife } from './life.js';
import { changed } from './record.change.js';
import { META, retire, type SessionRecord } from './record.js';
import type { StagedRotation, Stored } from './staged.js';
import type { UpdateResult } from './store.js';
import type { StoreManager } from './store.manager.js';
import { applyChanges, NO_TEXTS } from './texts.js';
import { hashSecret, type Token } from './token.js';

/** An id that is taken is a broken random source or an attack; neither is met by trying for ever. */
const MAX_CREATE_ATTEMPTS = 3;

/** Everything that gives the client a new token: a new record, a rotation, a login. */
export class TokenIssuer {
  constructor(private readonly manager: StoreManager) {}

  /** Stores a new record: for the first write, for a login without a session, and for what follows a logout. */
  async create(
    draft: Draft,
    fields: FieldsDelta & { changes: ReadonlyMap<string, string> },
    flashes = draft.flashes.pending(),
  ): Promise<void> {
    const { clock, policy, store, tokens } = this.manager;
    const now = clock.now();
    const { rotation } = draft;
    const login = rotation?.kind === 'login' ? rotation : undefined;
    const changes = new Map(flashes);
    const life = newLife(policy, now, login, changes);
    const meta = applyChanges(NO_TEXTS, changes);
    for (let attempt = 1; attempt <= MAX_CREATE_ATTEMPTS; attempt++) {
      const token = attempt === 1 && draft.token ? draft.token : tokens.mint();
      const record: SessionRecord = {
        id: token.id,
        name: policy.name,
        secretHash: hashSecret(token.secret),
        generation: 0,
        version: 0,
        fields: fields.changes,
        meta,
        createdAt: now,
        ...life,
      };
      draft.creating = record;
      const created = await store.create(record, draft.budget).finally(() => (draft.creating = undefined));
      if (!created) continue;
      this.manager.emit({ type: 'created', id: record.id, userId: record.userId });
      return this.#adopt(draft, record, token, { delta: fields, flashes, rotation });
    }
    throw new Error(`Every one of ${MAX_CREATE_ATTEMPTS} new session ids was taken: the random source is broken.`);
  }

  /** One atomic step on every store: the new secret replaces the old one in the same record, or nothing happens. */
  async rotate(
    draft: Draft,
    record: SessionRecord,
    rotation: StagedRotation,
    delta: FieldsDelta | undefined,
  ): Promise<void> {
    const { clock, policy, store, tokens } = this.manager;
    const now = clock.now();
    const login = rotation.kind === 'login' ? rotation : undefined;
    const token = tokens.remint(record.id);
    const flashes = draft.flashes.pending();
    const meta = new Map(flashes).set(META.retired, retire(record, now, rotation.kind));
    const life = login ? newLife(policy, now, login, meta) : sameLife(policy, now, record);
    const rotate = { secretHash: hashSecret(token.secret), generation: record.generation + 1, ...life };
    const expect = { generation: record.generation, secretHash: record.secretHash };
    const change = { fields: delta?.changes, replace: delta?.replace, meta, rotate, expect };
    const result = await store.update(record.id, change, now, draft.budget);
    if (result === 'ok') {
      if (!login) this.manager.emit({ type: 'regenerated', id: record.id, userId: rotate.userId });
      await this.#adopt(draft, changed(record, change), token, { delta, flashes, rotation });
    } else if (login) await this.#loginElsewhere(draft, record, result);
    else throw await this.manager.conflict(record, result, draft);
  }

  /**
   * A login never fails because somebody else rotated: it starts a new record from the data it loaded. Of a session
   * that ended meanwhile nothing is brought back but what this request wrote.
   */
  async #loginElsewhere(draft: Draft, record: SessionRecord, result: UpdateResult): Promise<void> {
    const reason = await this.manager.whyNot(record, result, draft);
    // Ended meanwhile by this very request: there is nothing left to log in to.
    if (draft.isEnding(record)) return;
    draft.token = undefined;
    if (reason !== 'gone') return this.create(draft, draft.fields.snapshot(), new Map(draft.flashes.texts()));
    return this.create(draft, draft.fields.written());
  }

  /**
   * The other half of `revokeAll`: it may have listed this user's sessions before this one was there to be found.
   * An epoch raised since the request opened means that it did. While that is not known, nobody gets the token.
   */
  async #afterLogin(draft: Draft, record: SessionRecord): Promise<void> {
    const { store, users } = this.manager;
    const { id, userId } = record;
    const { cookie } = draft;
    draft.cookie = undefined;
    if (userId === undefined || !(await users.revokedSince(userId, draft.openedAt, id, draft.budget))) {
      draft.cookie = cookie;
      this.manager.emit({ type: 'login', id, userId });
      return;
    }
    await store.delete(id, undefined, draft.budget);
    draft.load(undefined);
    this.manager.emit({ type: 'ended', id, userId, reason: 'revoked' });
    this.manager.emit({ type: 'conflict', id, userId, reason: 'revoked' });
    throw new SessionConflictError('revoked');
  }

  async #adopt(draft: Draft, record: SessionRecord, token: Token, stored: Stored): Promise<void> {
    // Ended while it was being stored: the next commit deletes it.
    if (draft.isEnding(record)) return;
    draft.adopt(record, token, stored);
    draft.cookie = { kind: 'issue', text: this.manager.tokens.format(token) };
    if (stored.rotation?.kind === 'login') await this.#afterLogin(draft, record);
  }
}
