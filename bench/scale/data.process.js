// @ts-check
/** What a session costs by its size, opened and committed without HTTP: microseconds, the least of many batches. */
import { MemorySessionStore } from 'nest-sessions';
import { CookieSessionStore } from 'nest-sessions/cookie';
import { systemClock } from '../../libs/session/dist/core/clock.js';
import { SessionEvents } from '../../libs/session/dist/core/events.js';
import { SealedManager } from '../../libs/session/dist/core/sealed.manager.js';
import { Session } from '../../libs/session/dist/core/session.js';
import { StoreManager } from '../../libs/session/dist/core/store.manager.js';
import { resolveSettings } from '../../libs/session/dist/nest/session.settings.js';
import { SECRET } from '../apps/application.js';
import { answerParent } from '../child.js';

/** Fields of the large part. */
const FIELDS = 16;
const BATCHES = 20;
const BATCH = 50;

answerParent({
  /** @param {{ store: string, bytes: number }} what */
  async measure({ store, bytes }) {
    const manager = managerOf(store);
    const draft = await manager.open([]);
    const session = new Session(draft, manager);
    const names = Array.from({ length: FIELDS }, (_, index) => `field${index}`);
    session.set('small', 0);
    for (const name of names) session.set(name, itemsOf(bytes / FIELDS));
    await manager.commit(draft);
    const text = draft.cookie?.kind === 'issue' ? draft.cookie.text : '';
    /** @param {(session: Session, count: number) => void} use */
    const time = (use) => least(manager, text, use);
    return [
      await time((one) => one.get('small')),
      await time((one, count) => one.set('small', count)),
      await time((one) => names.forEach((name) => one.get(name))),
      await time((one, count) => names.forEach((name) => one.set(name, [count, ...itemsOf(bytes / FIELDS)]))),
    ];
  },
});

/** @param {string} store */
function managerOf(store) {
  const options = { secret: SECRET, cookie: { secure: false }, maxSessionSize: 1_000_000 };
  const { policy } = resolveSettings(options, 'test');
  const events = new SessionEvents();
  if (store === 'memory') return new StoreManager(new MemorySessionStore(), policy, systemClock, events);
  return new SealedManager(new CookieSessionStore({ acceptReplayFor: '90d' }), policy, systemClock, events, {
    carrier: 'sid',
  });
}

/** About so many bytes of JSON. @param {number} bytes */
function itemsOf(bytes) {
  return Array.from({ length: Math.max(1, Math.round(bytes / 50)) }, (_, index) => ({
    sku: `TEA-${1_000 + index}`,
    title: 'Darjeeling',
    price: 1890,
  }));
}

/** @param {any} manager @param {string} text @param {(session: Session, count: number) => void} use */
async function least(manager, text, use) {
  let best = Infinity;
  let count = 0;
  for (let batch = 0; batch < BATCHES; batch++) {
    const before = process.cpuUsage();
    for (let index = 0; index < BATCH; index++) {
      const draft = await manager.open([text]);
      use(new Session(draft, manager), ++count);
      await manager.commit(draft);
    }
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / BATCH);
  }
  return best;
}
