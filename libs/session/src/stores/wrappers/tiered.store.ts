import { Breaker } from '../../core/breaker.js';
import { BoundedStore, Budget } from '../../core/bounded.store.js';
import { systemClock } from '../../core/clock.js';
import { SessionConfigError } from '../../core/errors.js';
import type { SessionRecord } from '../../core/record.js';
import {
  type Expectation,
  isPingable,
  isSweepable,
  type Pingable,
  type SessionChange,
  type SessionStore,
  type SessionStoreGuarantees,
  type Sweepable,
  type UpdateResult,
} from '../../core/store.js';
import { capabilitiesOf, checkStore } from './capabilities.js';
import { copyIn, fillingOf, newLease } from './cached.record.js';

export interface TieredOptions {
  /**
   * How long a copy may be used, in milliseconds from 1 to 60000: the longest that a session which has ended can be open
   * still, if the cache fails at that very moment. @default 5000
   */
  keepFor?: number;
}

const KEEP_FOR = 5_000;
const LONGEST = 60_000;
/** Milliseconds that the cache gets for an answer. Without one the store is asked. */
const PATIENCE = 250;

/**
 * Reads sessions from `cache`, a fast store that all processes share, and from `store` what is not there. Everything is
 * written to the store, as if there were no cache; after that the copy is dropped, whatever the store said. So what was
 * acknowledged is seen by all, and what was ended is gone, **as long as the cache works and is the same for all**.
 *
 * A cache that fails, or takes longer than 250 ms, fails no request: the store is asked. But then a copy may stay that
 * should have been dropped, and be read by others for up to `keepFor` after it was made: a session that was ended, a token
 * that was replaced. That is why `revocable` and `oneLiveToken` are not guaranteed. A cache of each process's own
 * (`MemorySessionStore`) is never told of what others do: use it with one process alone, or people who log in through one
 * process will be strangers to the next.
 *
 * The cache holds whole sessions, in the clear unless it is `encrypted()`.
 *
 * ```ts
 * tiered(new RedisSessionStore(client), new TypeOrmSessionStore(dataSource))
 * ```
 *
 * @throws SessionConfigError for a wrong option, and for what is not a store.
 */
export function tiered(cache: SessionStore, store: SessionStore, options: TieredOptions = {}): SessionStore {
  return new TieredSessionStore(cache, store, options);
}

class TieredSessionStore implements SessionStore {
  readonly guarantees: SessionStoreGuarantees;
  readonly #cache: BoundedStore;
  readonly #keepFor: number;
  /** What ended up to here is swept: also for a node whose clock is behind. */
  #sweptUntil = 0;
  #warned = false;

  constructor(
    cache: SessionStore,
    private readonly store: SessionStore,
    { keepFor = KEEP_FOR }: TieredOptions,
  ) {
    checkStore('The first argument of tiered(), the cache,', cache);
    checkStore('The second argument of tiered(), the store,', store);
    if (typeof keepFor !== 'number' || !(keepFor >= 1 && keepFor <= LONGEST)) {
      throw new SessionConfigError(`keepFor must be milliseconds from 1 to ${LONGEST}, not ${String(keepFor)}.`);
    }
    this.#keepFor = keepFor;
    this.#cache = new BoundedStore(cache, PATIENCE, new Breaker(systemClock), () => this.#warn());
    this.guarantees = { ...store.guarantees, oneLiveToken: false, revocable: false };
    Object.assign(this, capabilitiesOf(store));
    if (isSweepable(store)) Object.assign(this, { sweep: this.#sweepBoth(cache, store) });
    if (isPingable(store)) Object.assign(this, { ping: () => this.#pingBoth(cache, store) });
  }

  create(record: SessionRecord): Promise<boolean> {
    return this.store.create(record);
  }

  async read(id: string, now: number): Promise<SessionRecord | undefined> {
    // Whatever is there, however old: what is too old has to be removed before something can take its place.
    const looked = await this.#atBest(async (budget) => ({ entry: await this.#cache.read(id, 0, budget) }));
    if (!looked) return this.store.read(id, now);
    const { entry } = looked;
    if (!entry || !this.#isFresh(entry, now)) return this.#readAndFill(id, now, entry);
    const copy = copyIn(entry);
    // A copy that has expired may have been touched since. Without one, somebody else is about to make it.
    return copy && copy.expiresAt > Math.max(now, this.#sweptUntil) ? copy : this.store.read(id, now);
  }

  update(id: string, change: SessionChange, now: number): Promise<UpdateResult> {
    return this.#writing(id, () => this.store.update(id, change, now));
  }

  touch(id: string, expiresAt: number, now: number, expect: Expectation): Promise<UpdateResult> {
    return this.#writing(id, () => this.store.touch(id, expiresAt, now, expect));
  }

  delete(id: string, expect?: Expectation): Promise<boolean> {
    return this.#writing(id, () => this.store.delete(id, expect));
  }

  /**
   * The copy is put in the place of a lease that was there before the store was read. A write in between drops the lease,
   * and with it the right to put a copy of something older there.
   */
  async #readAndFill(id: string, now: number, stale: SessionRecord | undefined): Promise<SessionRecord | undefined> {
    const lease = await this.#lease(id, now, stale);
    const record = await this.store.read(id, now);
    if (lease) {
      const expect = { secretHash: lease.secretHash };
      await this.#atBest<unknown>((budget) => {
        if (record) return this.#cache.update(id, fillingOf(lease, record), now, budget);
        return this.#cache.delete(id, expect, budget);
      });
    }
    return record;
  }

  /** `undefined`: somebody else was faster, or the cache fails. */
  async #lease(id: string, now: number, stale: SessionRecord | undefined): Promise<SessionRecord | undefined> {
    const lease = newLease(id, now, now + this.#keepFor);
    const leased = await this.#atBest(async (budget) => {
      if (stale) await this.#cache.delete(id, { secretHash: stale.secretHash }, budget);
      return this.#cache.create(lease, budget);
    });
    return leased ? lease : undefined;
  }

  /** In both directions: a clock that is set back must not make copies last. */
  #isFresh({ createdAt }: SessionRecord, now: number): boolean {
    return Math.abs(now - createdAt) < this.#keepFor;
  }

  /**
   * The store first, then the cache (HARDENING R-54): in the other order a reader in between would put back a copy of what
   * is about to go. Also when the store refuses or fails: refused may be what was based on an old copy, and what failed may
   * have happened.
   */
  async #writing<T>(id: string, write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } finally {
      await this.#atBest((budget) => this.#cache.delete(id, undefined, budget));
    }
  }

  /** `undefined` if the cache fails. */
  async #atBest<T>(call: (budget: Budget) => Promise<T>): Promise<T | undefined> {
    try {
      return await call(new Budget(Infinity));
    } catch {
      return undefined;
    }
  }

  #sweepBoth(cache: SessionStore, store: Sweepable): Sweepable['sweep'] {
    return async (now, limit) => {
      this.#sweptUntil = Math.max(now, this.#sweptUntil);
      if (isSweepable(cache)) {
        await this.#atBest((budget) => this.#cache.call('sweep', budget, () => cache.sweep(now, limit)));
      }
      return store.sweep(now, limit);
    };
  }

  /** A cache that is down is no reason not to start; one that is set up wrongly is. */
  async #pingBoth(cache: SessionStore, store: Pingable): Promise<void> {
    await store.ping();
    if (!isPingable(cache)) return;
    await cache.ping().catch((error: unknown) => {
      if (error instanceof SessionConfigError) throw error;
      this.#warn();
    });
  }

  /** Once: a cache that is down fails all the time. */
  #warn(): void {
    if (this.#warned) return;
    this.#warned = true;
    process.emitWarning(
      `The cache of tiered() fails or is slow. Sessions are read from the store instead, and one that is ended meanwhile ` +
        `may be open to others for ${this.#keepFor} ms more. This is told once.`,
      { type: 'SessionStoreWarning', code: 'NEST_SESSIONS_CACHE_FAILS' },
    );
  }
}
