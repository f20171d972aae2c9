import { randomBytes } from 'node:crypto';
import { SessionConfigError } from '../../core/errors.js';
import { changed, extended, holds } from '../../core/record.change.js';
import type { SessionRecord } from '../../core/record.js';
import type {
  Expectation,
  Pingable,
  SessionChange,
  SessionStore,
  SessionStoreGuarantees,
  UpdateResult,
} from '../../core/store.js';
import { Turns } from '../../core/turns.js';
import { called, checkExpressStore, type ExpressStore, isAbsence } from './express.client.js';
import { recordIn, sessionOf } from './express.session.js';

/**
 * Milliseconds after which a write that has not come to an end is waited for no longer. Long, because who goes ahead of
 * it may have his write undone by it; not endless, because a store that loses a callback must not lock a session for ever.
 */
const PATIENCE = 10_000;

/**
 * Keeps sessions in any store that was made for express-session.
 *
 * ```ts
 * import { RedisStore } from 'connect-redis';
 *
 * new ExpressSessionStore(new RedisStore({ client, prefix: 'nest:' }));
 * ```
 *
 * Such a store can fetch, overwrite and remove a session, and nothing in between: it knows neither "only if it is there"
 * nor "only if it is still the same". So this one reads before it writes. Writes of one session take turns in this
 * process, which makes them as safe as on any other store **as long as there is one process**. Of two processes that write
 * to one session within the same round trip the later one wins, whole: it undoes what the other changed, and that may be
 * a login (the old token opens the session again) or a logout (the session is back). express-session has the same gap for
 * as long as a request takes.
 *
 * Users' sessions cannot be listed, so `revokeAll` is not to be had. Give the store a prefix or a table of its own. Its
 * `touch` is not used: it moves an expiry that could not be read afterwards. session-file-store wants `retries: 0`, or each
 * unknown id takes it half a second.
 */
export class ExpressSessionStore implements SessionStore, Pingable {
  /** What holds between processes. */
  readonly guarantees: SessionStoreGuarantees = {
    atomicUpdate: false,
    oneLiveToken: false,
    revocable: false,
    listable: false,
  };

  readonly #store: ExpressStore;
  readonly #turns = new Turns();
  #warned = false;

  constructor(store: ExpressStore) {
    checkExpressStore(store);
    this.#store = store;
  }

  create(record: SessionRecord): Promise<boolean> {
    const { createdAt, id } = record;
    return this.#inTurn(id, async () => {
      if (await this.read(id, createdAt)) return false;
      await this.#put(record, createdAt);
      return true;
    });
  }

  async read(id: string, now: number): Promise<SessionRecord | undefined> {
    const record = await this.#find(id);
    return record && record.expiresAt > now ? record : undefined;
  }

  update(id: string, change: SessionChange, now: number): Promise<UpdateResult> {
    return this.#write(id, change.expect, now, (record) => changed(record, change));
  }

  touch(id: string, expiresAt: number, now: number, expect: Expectation): Promise<UpdateResult> {
    return this.#write(id, expect, now, (record) => ({ ...record, expiresAt: extended(record, expiresAt) }));
  }

  delete(id: string, expect: Expectation = {}): Promise<boolean> {
    return this.#inTurn(id, async () => {
      const record = await this.#find(id);
      if (!record || !holds(record, expect)) return false;
      await called((callback) => this.#store.destroy(id, callback));
      return true;
    });
  }

  /** Whether the store keeps what it is given. */
  async ping(): Promise<void> {
    const probe = newProbe();
    await this.create(probe);
    const kept = (await this.read(probe.id, probe.createdAt)) !== undefined;
    await called((callback) => this.#store.destroy(probe.id, callback));
    if (kept) return;
    throw new SessionConfigError(
      `${this.#store.constructor.name}, given to ExpressSessionStore, does not give back what it was given: look at its ` +
        'options, for a lifetime, a limit or a serializer that loses sessions.',
    );
  }

  #write(
    id: string,
    expect: Expectation,
    now: number,
    changeOf: (record: SessionRecord) => SessionRecord,
  ): Promise<UpdateResult> {
    return this.#inTurn(id, async () => {
      const record = await this.read(id, now);
      if (!record) return 'gone';
      if (!holds(record, expect)) return 'conflict';
      await this.#put(changeOf(record), now);
      return 'ok';
    });
  }

  #inTurn<T>(id: string, work: () => Promise<T>): Promise<T> {
    return this.#turns.take(id, work, PATIENCE);
  }

  async #put(record: SessionRecord, now: number): Promise<void> {
    await called((callback) => this.#store.set(record.id, sessionOf(record, now), callback));
  }

  async #find(id: string): Promise<SessionRecord | undefined> {
    const session = await called<unknown>((callback) => this.#store.get(id, callback)).catch((error: unknown) => {
      if (!isAbsence(error)) throw error;
    });
    const record = recordIn(session);
    if (session && !record) this.#warn();
    return record;
  }

  /** Once: it may be all of them. */
  #warn(): void {
    if (this.#warned) return;
    this.#warned = true;
    process.emitWarning(
      `${this.#store.constructor.name}, given to ExpressSessionStore, holds a session that is not ours or is damaged; it ` +
        'is taken for absent. Give the store a prefix or a table of its own.',
      { type: 'SessionStoreWarning', code: 'NEST_SESSIONS_FOREIGN_SESSION' },
    );
  }
}

function newProbe(): SessionRecord {
  const createdAt = Date.now();
  return {
    id: randomBytes(18).toString('base64url'),
    name: 'probe',
    secretHash: '',
    generation: 0,
    version: 0,
    fields: new Map(),
    meta: new Map(),
    createdAt,
    expiresAt: createdAt + 1_000,
    absoluteExpiresAt: createdAt + 1_000,
  };
}
