import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { CookieSessionStore } from '../stores/cookie/cookie.store.js';
import { MemorySessionStore } from '../stores/memory/memory.store.js';
import { FaultySessionStore } from '../testing/faulty.store.js';
import { ManualClock } from '../testing/manual-clock.js';
import { SessionEvents } from './events.js';
import type { SessionManager } from './manager.js';
import type { SessionPolicy } from './policy.js';
import { SealedManager } from './sealed.manager.js';
import { Session } from './session.js';
import type { SessionStore } from './store.js';
import { StoreManager } from './store.manager.js';

const MINUTE = 60_000;
const POLICY: SessionPolicy = {
  name: 'session',
  keys: ['correct horse battery staple, thirty-two bytes'],
  limits: { idle: 30 * MINUTE, absolute: 720 * MINUTE },
  remember: { idle: 30 * MINUTE, absolute: 720 * MINUTE },
  touchInterval: MINUTE,
  storeTimeout: 1_000,
  requestBudget: 2_000,
  onStoreError: 'fail',
  maxSessionSize: 65_536,
};

const MANAGERS: Record<string, (store: SessionStore, clock: ManualClock) => SessionManager> = {
  'in a store': (store, clock) => new StoreManager(store, POLICY, clock, new SessionEvents()),
  'in its cookie': (revocations, clock) =>
    new SealedManager(new CookieSessionStore({ revocations }), POLICY, clock, new SessionEvents()),
};

type Act = (session: Session) => unknown;

/** What a request may do before it ends its session, and not wait for. Each writes to the field `before`, if at all. */
const BEFORE: Record<string, Act> = {
  set: (session) => session.set('before', Math.random()),
  update: (session) => session.update('before', () => Math.random()),
  'slow update': (session) => session.update('before', () => pause(3).then(() => Math.random())),
  flash: (session) => session.flash('before', 1),
  login: (session) => session.login('ada'),
  regenerate: (session) => session.regenerate(),
  save: (session) => session.save(),
  touch: (session) => session.touch(),
  reload: (session) => session.reload(),
};

const ENDS: Record<string, Act> = {
  logout: (session) => session.logout(),
  destroy: (session) => session.destroy(),
  'another user': (session) => session.login('bob'),
};

const AFTER: Record<string, Act> = {
  set: (session) => session.set('after', Math.random()),
  update: (session) => session.update('after', () => Math.random()),
  save: (session) => session.save(),
};

async function pause(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await undefined;
}

const step = (acts: object) => fc.tuple(fc.constantFrom(...Object.keys(acts)), fc.nat(6));

describe.each(Object.entries(MANAGERS))('a session that is kept %s', (_where, make) => {
  it('B-34 leaves nothing to what comes after it in the request that ends it, whatever is under way', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step(BEFORE), { minLength: 1, maxLength: 6 }),
        step(ENDS),
        fc.array(step(AFTER), { maxLength: 3 }),
        fc.array(fc.nat(6), { minLength: 1, maxLength: 8 }),
        async (before, end, after, delays) => {
          const faults = new FaultySessionStore(new MemorySessionStore());
          const clock = new ManualClock();
          const manager = make(faults.store, clock);
          const first = await manager.open([]);
          new Session(first, manager).login('ada');
          new Session(first, manager).set('before', 1);
          await manager.commit(first);
          const presented = (first.cookie as { text: string }).text;
          clock.advance(2 * MINUTE);
          let calls = 0;
          faults.fault = () => pause(delays[calls++ % delays.length] ?? 0);

          const draft = await manager.open([presented]);
          const session = new Session(draft, manager);
          const working: Promise<unknown>[] = [];
          const perform = async (acts: Record<string, Act>, steps: readonly (readonly [string, number])[]) => {
            for (const [name, turns] of steps) {
              working.push((async () => acts[name]?.(session))().catch(() => {}));
              await pause(turns);
            }
          };
          await perform(BEFORE, before);
          await perform(ENDS, [end]);
          await perform(AFTER, after);
          await Promise.all(working);
          await manager.commit(draft);

          const text = draft.cookie?.kind === 'issue' ? draft.cookie.text : presented;
          const next = new Session(await manager.open([text]), manager);
          expect(next.has('before')).toBe(false);
          expect(next.flashes('before')).toEqual([]);
          expect(next.userId).toBe(end[0] === 'another user' ? 'bob' : undefined);
        },
      ),
      { numRuns: 500 },
    );
  });
});
