import { MemorySessionStore } from '../stores/memory/memory.store.js';
import { CookieSessionStore } from '../stores/cookie/cookie.store.js';
import { ManualClock } from '../testing/manual-clock.js';
import { SessionStoreTimeoutError } from './errors.js';
import { SessionEvents } from './events.js';
import type { SessionPolicy } from './policy.js';
import { SealedManager } from './sealed.manager.js';
import type { SessionStore } from './store.js';
import { StoreManager } from './store.manager.js';

const POLICY: SessionPolicy = {
  name: 'session',
  keys: [],
  limits: { idle: 60_000, absolute: 60_000 },
  remember: { idle: 60_000, absolute: 60_000 },
  touchInterval: 6_000,
  storeTimeout: 1,
  requestBudget: 2,
  onStoreError: 'fail',
  maxSessionSize: 1_000,
};

/** A store that never answers these two. */
class SilentStore extends MemorySessionStore {
  ping(): Promise<void> {
    return new Promise(() => {});
  }

  override sweep(): Promise<number> {
    return new Promise(() => {});
  }
}

const MANAGERS: [string, (store: SessionStore) => StoreManager | SealedManager][] = [
  ['a store', (store) => new StoreManager(store, POLICY, new ManualClock(), new SessionEvents())],
  [
    'the revocations of a cookie store',
    (revocations) => {
      const backend = new CookieSessionStore({ keys: 'correct horse battery staple, thirty-two', revocations });
      return new SealedManager(backend, POLICY, new ManualClock(), new SessionEvents());
    },
  ],
];

describe.each(MANAGERS)('%s that never answers', (_what, managerOf) => {
  it('I18 fails the start instead of holding it up for ever', async () => {
    await expect(managerOf(new SilentStore()).start()).rejects.toThrow(SessionStoreTimeoutError);
  });

  it('I18 fails the sweep, which is tried again later', async () => {
    await expect(managerOf(new SilentStore()).sweep()).rejects.toThrow('within 30 ms');
  });
});
