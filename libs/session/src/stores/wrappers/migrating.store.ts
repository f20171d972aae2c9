import { setTimeout as sleep } from 'node:timers/promises';
import { SessionStoreUnavailableError } from '../../core/errors.js';
import type { SessionRecord } from '../../core/record.js';
import {
  type Expectation,
  isPingable,
  isSweepable,
  isUserIndex,
  type SessionChange,
  type SessionStore,
  type SessionStoreGuarantees,
  type UpdateResult,
  type UserIndex,
} from '../../core/store.js';
import { Turns } from '../../core/turns.js';
import { type Capabilities, checkStore } from './capabilities.js';
import { arrivalAt, arrived, newPlace, placeSince, sessionAt } from './moving.place.js';

/** Milliseconds after which whoever took a place and has not finished is taken for dead. Far more than two calls take. */
const PRESUMED_DEAD = 5_000;
/** How long to wait for who is moving a session: together less than a store call may take by default. */
const LOOKS = 40;
const PAUSE = 20;

/**
 * Moves sessions from one store to another while the application runs. New sessions go to the new store; an old one is
 * moved when it is first used. When `absoluteTimeout` (`remember.absolute`, if sessions are remembered) is over, the old
 * store is empty, and its successor can take its place.
 *
 * A session moves in three steps, each atomic and conditional, so that it is never open in two stores nor absent from both:
 *
 * 1. its place is taken in the new store. A place opens to no token;
 * 2. it is deleted from the old store, if it is still what was read there;
 * 3. who succeeded in that, and nobody else, turns the place into the session.
 *
 * Who ends a session looks first in the old store and then in the new one, so whatever step a move has come to, one of the
 * two is met, and nothing is left that could become a session again. A process that dies between two steps leaves the
 * place: for 5 s the session cannot be read (503), then the next reader finishes the move.
 *
 * All processes have to use this from the first move on: one that knows the old store only takes a session that was moved
 * for ended. And nothing else may remove sessions from the old store: of one that was removed just when the process that
 * moved it died, the place would be taken for what is left of a move, and become a session.
 *
 * ```ts
 * migrating(new RedisSessionStore(client), new TypeOrmSessionStore(dataSource))
 * ```
 *
 * @throws SessionConfigError for what is not a store.
 */
export function migrating(newStore: SessionStore, oldStore: SessionStore): SessionStore {
  return new MigratingSessionStore(newStore, oldStore);
}

class MigratingSessionStore implements SessionStore {
  readonly guarantees: SessionStoreGuarantees;
  readonly #turns = new Turns();

  constructor(
    private readonly to: SessionStore,
    private readonly from: SessionStore,
  ) {
    checkStore('The first argument of migrating(), the new store,', to);
    checkStore('The second argument of migrating(), the old store,', from);
    const names = Object.keys(to.guarantees) as (keyof SessionStoreGuarantees)[];
    const both = names.map((name) => [name, to.guarantees[name] && from.guarantees[name]]);
    this.guarantees = Object.fromEntries(both) as Record<keyof SessionStoreGuarantees, boolean>;
    Object.assign(this, capabilitiesOfBoth(to, from));
  }

  async create(record: SessionRecord): Promise<boolean> {
    // An id that is taken in the old store is taken.
    return !(await this.from.read(record.id, record.createdAt)) && this.to.create(record);
  }

  async read(id: string, now: number): Promise<SessionRecord | undefined> {
    const record = await this.to.read(id, now);
    if (record && placeSince(record) === undefined) return record;
    return this.#turns.take(id, () => this.#fetch(id, now));
  }

  update(id: string, change: SessionChange, now: number): Promise<UpdateResult> {
    return this.#write(id, now, () => this.to.update(id, { ...change, expect: arrived(change.expect) }, now));
  }

  touch(id: string, expiresAt: number, now: number, expect: Expectation): Promise<UpdateResult> {
    return this.#write(id, now, () => this.to.touch(id, expiresAt, now, arrived(expect)));
  }

  /** In this order a session on its way is met: before it leaves the old store, its place in the new one is taken. */
  async delete(id: string, expect?: Expectation): Promise<boolean> {
    const fromOld = await this.from.delete(id, expect);
    const fromNew = await this.to.delete(id, expect);
    return fromOld || fromNew;
  }

  /** To the new store. What is not there, or only on its way, is fetched. */
  async #write(id: string, now: number, write: () => Promise<UpdateResult>): Promise<UpdateResult> {
    const result = await write();
    if (result === 'ok') return result;
    return (await this.read(id, now)) ? write() : 'gone';
  }

  /** The session, from wherever it is, moved if need be. The old store is looked at first, for the reason of `delete`. */
  async #fetch(id: string, now: number): Promise<SessionRecord | undefined> {
    for (let look = 0; look < LOOKS; look++) {
      const old = await this.from.read(id, now);
      // Also what has expired there: it would be in the way.
      const found = await this.to.read(id, 0);
      const since = found && placeSince(found);
      if (found && since === undefined) return found.expiresAt > now ? found : undefined;
      if (!found && !old) return undefined;
      if (!found) await this.#move(old!, now);
      else if (Math.abs(now - since!) >= PRESUMED_DEAD) await this.#finish(found, old, now);
      else await sleep(PAUSE);
    }
    throw new SessionStoreUnavailableError('The session is on its way to another store. Try again shortly.');
  }

  /** What comes of it is seen by looking again. */
  async #move(old: SessionRecord, now: number): Promise<void> {
    const place = newPlace(old, now);
    const { id, secretHash } = place;
    if (!(await this.to.create(place))) return;
    const unchanged = { secretHash: old.secretHash, generation: old.generation, version: old.version };
    if (await this.from.delete(id, unchanged)) await this.to.update(id, arrivalAt(place), now);
    else await this.to.delete(id, { secretHash });
  }

  /**
   * Whoever took this place died. If the session is still in the old store the move starts again. If not, it was deleted
   * there to be moved: it arrives now, or it would be lost.
   */
  async #finish(place: SessionRecord, old: SessionRecord | undefined, now: number): Promise<void> {
    const { id, secretHash } = place;
    if (!old && place.expiresAt > now) await this.to.update(id, arrivalAt(place), now);
    else await this.to.delete(id, { secretHash });
  }
}

/** Lists if both can; sweeps and pings whichever can. */
function capabilitiesOfBoth(to: SessionStore, from: SessionStore): Capabilities {
  return {
    ...(isUserIndex(to) && isUserIndex(from) && indexOfBoth(to, from)),
    ...((isSweepable(to) || isSweepable(from)) && {
      async sweep(now: number, limit: number) {
        const swept = isSweepable(to) ? await to.sweep(now, limit) : 0;
        return isSweepable(from) && swept < limit ? swept + (await from.sweep(now, limit - swept)) : swept;
      },
    }),
    ...((isPingable(to) || isPingable(from)) && {
      async ping() {
        for (const store of [to, from]) if (isPingable(store)) await store.ping();
      },
    }),
  };
}

function indexOfBoth(to: UserIndex, from: UserIndex): UserIndex {
  return {
    /** One after the other, as in `delete`: a session that moves in between is met once at least. */
    async listByUser(userId, now) {
      const old = await from.listByUser(userId, now);
      const moved = await to.listByUser(userId, now);
      return [...new Map([...old, ...moved.map(sessionAt)].map((record) => [record.id, record])).values()];
    },
    async raiseEpoch(userId, now) {
      await Promise.all([to, from].map((store) => store.raiseEpoch(userId, now)));
    },
    async epoch(userId) {
      return Math.max(...(await Promise.all([to, from].map((store) => store.epoch(userId)))));
    },
  };
}
