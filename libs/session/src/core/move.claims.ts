import type { BoundedStore, Budget } from './bounded.store.js';
import { MoveKeys } from './move.keys.js';
import type { OldSessions } from './old.sessions.js';
import type { SessionPolicy } from './policy.js';
import type { SessionRecord } from './record.js';
import type { Rotation } from './store.js';
import { NO_TEXTS } from './texts.js';
import type { Token } from './token.js';

/** The text in `meta` of a claim whose session was there. */
const MOVED = 'moved';
/** Longer than any old session is kept. Milliseconds. */
const FAR = 400 * 24 * 60 * 60_000;

/** Who claimed it moves an old session; everybody else finds what came of it by the same claim. */
export interface Claim {
  /** The session's first token. */
  readonly token: Token;
  /** The session was there: if it is not any more, it has ended. */
  readonly moved: boolean;
  /** Epoch milliseconds. */
  readonly since: number;
  readonly record: SessionRecord;
}

/**
 * Notes on what was moved, in the new store, each under an id that is derived from the old one. A claim outlives the
 * session it is for, so that an old cookie brings back nothing that has ended; and only who has made it creates that
 * session, so that nobody who was slow does either.
 */
export class MoveClaims {
  readonly #keys: MoveKeys;
  readonly #name: string;

  constructor(
    private readonly store: BoundedStore,
    policy: SessionPolicy,
    private readonly old: OldSessions,
  ) {
    this.#keys = new MoveKeys(policy.name, old.kind, policy.keys);
    this.#name = `${policy.name}.moved`;
  }

  async find(oldId: string, now: number, budget: Budget): Promise<Claim | undefined> {
    for (const [nth, id] of this.#keys.notes('claim', oldId).entries()) {
      const record = await this.#read(id, now, budget);
      if (record) return this.#claimOf(record, nth, oldId);
    }
    return undefined;
  }

  /** Claims it, or takes over the claim of somebody who died. `undefined`: another one was faster. */
  async take(oldId: string, stale: Claim | undefined, now: number, budget: Budget): Promise<Claim | undefined> {
    const [id = ''] = this.#keys.notes('claim', oldId);
    const record = this.#noteOf(id, now);
    if (!stale) return (await this.store.create(record, budget)) ? this.#claimOf(record, 0, oldId) : undefined;
    const { generation, id: taken, version } = stale.record;
    // Another attempt makes another token: what the one taken for dead still creates, nobody finds.
    const rotate: Rotation = { ...lifeOf(record), generation: generation + 1 };
    if ((await this.store.update(taken, { rotate, expect: { version } }, now, budget)) !== 'ok') return undefined;
    return this.find(oldId, now, budget);
  }

  /** From now on the session was there. `false`: somebody else has changed the claim meanwhile. */
  async settle({ moved, record }: Claim, now: number, budget: Budget): Promise<boolean> {
    if (moved) return true;
    const change = { meta: new Map([[MOVED, '1']]), expect: { version: record.version } };
    return (await this.store.update(record.id, change, now, budget)) === 'ok';
  }

  /** Old sessions of this user, which nobody can list, are not to be moved any more. */
  async refuse(userId: string, now: number, budget: Budget): Promise<void> {
    const [id = ''] = this.#keys.notes('user', userId);
    const note = this.#noteOf(id, now);
    if (await this.store.create(note, budget)) return;
    // A process whose clock is behind must not take back what another one has refused.
    const authenticatedAt = Math.max(now, await this.refusedAt(userId, now, budget));
    await this.store.update(id, { rotate: lifeOf({ ...note, authenticatedAt }), expect: {} }, now, budget);
  }

  /** When old sessions of this user were last refused, or 0. */
  async refusedAt(userId: string, now: number, budget: Budget): Promise<number> {
    let last = 0;
    for (const id of this.#keys.notes('user', userId)) {
      last = Math.max(last, (await this.#read(id, now, budget))?.authenticatedAt ?? 0);
    }
    return last;
  }

  async #read(id: string, now: number, budget: Budget): Promise<SessionRecord | undefined> {
    const record = await this.store.read(id, now, budget);
    return record?.name === this.#name ? record : undefined;
  }

  #noteOf(id: string, now: number): SessionRecord & { authenticatedAt: number } {
    // Not only as long as a session may live: an old one that could not be ended, or was written back, must not move then.
    const until = this.old.until ?? now + FAR;
    return {
      id,
      name: this.#name,
      secretHash: '',
      generation: 0,
      version: 0,
      fields: NO_TEXTS,
      meta: NO_TEXTS,
      // A store that is full drops sessions nobody owns before others, and must not drop this one.
      userId: id,
      createdAt: now,
      authenticatedAt: now,
      expiresAt: until,
      absoluteExpiresAt: until,
    };
  }

  #claimOf(record: SessionRecord, nth: number, oldId: string): Claim {
    return {
      token: this.#keys.token(nth, record.generation, oldId),
      moved: record.meta.has(MOVED),
      since: record.authenticatedAt ?? record.createdAt,
      record,
    };
  }
}

function lifeOf({
  secretHash,
  generation,
  userId,
  authenticatedAt,
  expiresAt,
  absoluteExpiresAt,
}: SessionRecord): Rotation {
  return { secretHash, generation, userId, authenticatedAt, expiresAt, absoluteExpiresAt };
}
