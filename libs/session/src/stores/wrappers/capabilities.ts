import { SessionConfigError } from '../../core/errors.js';
import {
  isPingable,
  isSessionStore,
  isSweepable,
  isUserIndex,
  type Pingable,
  type SessionStore,
  type Sweepable,
  type UserIndex,
} from '../../core/store.js';

/** What a store can do beyond the five verbs. */
export type Capabilities = Partial<UserIndex & Sweepable & Pingable>;

/** The methods of a store for what it can do beyond the five verbs: those that it has, and no others. */
export function capabilitiesOf(store: SessionStore): Capabilities {
  return {
    ...(isUserIndex(store) && {
      listByUser: (userId: string, now: number) => store.listByUser(userId, now),
      raiseEpoch: (userId: string, now: number) => store.raiseEpoch(userId, now),
      epoch: (userId: string) => store.epoch(userId),
    }),
    ...(isSweepable(store) && { sweep: (now: number, limit: number) => store.sweep(now, limit) }),
    ...(isPingable(store) && { ping: () => store.ping() }),
  };
}

/** @throws SessionConfigError unless it is a store. `where`: `'the first argument of tiered()'`. */
export function checkStore(where: string, store: unknown): asserts store is SessionStore {
  if (isSessionStore(store)) return;
  const given =
    typeof store === 'function'
      ? `${store.name || 'a function'}, not an instance of it`
      : `${/^[ou]/.test(typeof store) ? 'an' : 'a'} ${typeof store}`;
  throw new SessionConfigError(
    `${where} is ${store === null ? 'null' : given}, and must be a session store: new MemorySessionStore() say.`,
  );
}
