import { SessionConfigError, SessionStoreFullError } from '../../core/errors.js';
import { changed, extended, holds } from '../../core/record.change.js';
import type { SessionRecord } from '../../core/record.js';
import type {
  Expectation,
  SessionChange,
  SessionStore,
  SessionStoreGuarantees,
  Sweepable,
  UpdateResult,
  UserIndex,
} from '../../core/store.js';
import { ExpiryQueue } from './expiry-queue.js';
import { expiryOf, pack, type PackedRecord, unpack } from './packed.record.js';
import { UserSessions } from './user.sessions.js';

export interface MemorySessionStoreOptions {
  /**
   * How many sessions are kept. When there are that many, expired ones go, then the oldest anonymous one; when all
   * are logged in, new ones are refused with a `SessionStoreFullError`. @default 10000
   */
  maxSessions?: number;
}

/** An epoch is asked for by logins under way; none takes an hour. Milliseconds. */
const EPOCH_KEPT = 3_600_000;

/**
 * Keeps sessions in this process: for tests, development and applications of one process. They are gone when it ends.
 * Records are never handed out by reference, and expired ones are found without looking at the others.
 */
export class MemorySessionStore implements SessionStore, UserIndex, Sweepable {
  readonly guarantees: SessionStoreGuarantees = {
    atomicUpdate: true,
    oneLiveToken: true,
    revocable: true,
    listable: true,
  };

  readonly #records = new Map<string, PackedRecord>();
  readonly #expiry = new ExpiryQueue((id) => {
    const record = this.#records.get(id);
    return record && expiryOf(record);
  });
  /** Oldest first. */
  readonly #anonymous = new Set<string>();
  readonly #users = new UserSessions();
  readonly #epochs = new Map<string, number>();
  readonly #maxSessions: number;

  constructor({ maxSessions = 10_000 }: MemorySessionStoreOptions = {}) {
    if (!Number.isInteger(maxSessions) || maxSessions < 1) {
      throw new SessionConfigError(`maxSessions must be a whole number from 1, not ${String(maxSessions)}.`);
    }
    this.#maxSessions = maxSessions;
  }

  /** How many records are held, expired ones included until they are swept. */
  get size(): number {
    return this.#records.size;
  }

  async create(record: SessionRecord): Promise<boolean> {
    const { id, createdAt } = record;
    if (this.#live(id, createdAt)) return false;
    this.#remove(id);
    this.#makeRoom(createdAt);
    this.#put(pack(record));
    this.#expiry.add(id, record.expiresAt);
    this.#expiry.compact(this.#records.size);
    return true;
  }

  async read(id: string, now: number): Promise<SessionRecord | undefined> {
    const record = this.#live(id, now);
    return record && unpack(record);
  }

  async update(id: string, change: SessionChange, now: number): Promise<UpdateResult> {
    const packed = this.#live(id, now);
    if (!packed) return 'gone';
    const record = unpack(packed);
    if (!holds(record, change.expect)) return 'conflict';
    const updated = changed(record, change);
    this.#put(pack(updated), packed);
    // Only a rotation can bring the end nearer; a later end is found when the earlier one comes up.
    if (updated.expiresAt < record.expiresAt) this.#expiry.add(id, updated.expiresAt);
    return 'ok';
  }

  async touch(id: string, expiresAt: number, now: number, expect: Expectation): Promise<UpdateResult> {
    const packed = this.#live(id, now);
    if (!packed) return 'gone';
    const record = unpack(packed);
    if (!holds(record, expect)) return 'conflict';
    this.#records.set(id, pack({ ...record, expiresAt: extended(record, expiresAt) }));
    return 'ok';
  }

  async delete(id: string, expect: Expectation = {}): Promise<boolean> {
    const record = this.#records.get(id);
    return record !== undefined && holds(unpack(record), expect) && this.#remove(id);
  }

  async listByUser(userId: string, now: number): Promise<SessionRecord[]> {
    return this.#users
      .of(userId)
      .flatMap((id) => this.#live(id, now) ?? [])
      .map(unpack);
  }

  async raiseEpoch(userId: string, now: number): Promise<void> {
    for (const [user, epoch] of this.#epochs) if (epoch < now - EPOCH_KEPT) this.#epochs.delete(user);
    this.#epochs.set(userId, Math.max(now, this.#epochs.get(userId) ?? 0));
  }

  async epoch(userId: string): Promise<number> {
    return this.#epochs.get(userId) ?? 0;
  }

  async sweep(now: number, limit: number): Promise<number> {
    const expired = this.#expiry.take(now, limit);
    for (const id of expired) this.#remove(id);
    return expired.length;
  }

  #live(id: string, now: number): PackedRecord | undefined {
    const record = this.#records.get(id);
    return record && expiryOf(record) > now ? record : undefined;
  }

  /** Keeps the indexes in step with the record. */
  #put(record: PackedRecord, before?: PackedRecord): void {
    const { id, userId } = record;
    this.#records.set(id, record);
    if (before && before.userId === userId) return;
    if (before) this.#unindex(before);
    if (userId === undefined) this.#anonymous.add(id);
    else this.#users.add(userId, id);
  }

  #remove(id: string): boolean {
    const record = this.#records.get(id);
    if (record) this.#unindex(record);
    return this.#records.delete(id);
  }

  #unindex({ id, userId }: PackedRecord): void {
    if (userId === undefined) this.#anonymous.delete(id);
    else this.#users.delete(userId, id);
  }

  #makeRoom(now: number): void {
    if (this.#records.size < this.#maxSessions) return;
    for (const id of this.#expiry.take(now, this.#maxSessions)) this.#remove(id);
    if (this.#records.size < this.#maxSessions) return;
    const [oldest] = this.#anonymous;
    if (oldest === undefined) {
      const holds = `MemorySessionStore holds ${this.#maxSessions} logged-in sessions, its maxSessions`;
      throw new SessionStoreFullError(undefined, { cause: new Error(`${holds}. Raise it, or use another store.`) });
    }
    this.#remove(oldest);
  }
}
