// @ts-check
/** One process with one store: fills it, and drives its verbs. */
import { answerParent } from '../child.js';
import { ENGINES, newRecord } from '../engines.js';

/** Calls under way at a time, as many as there are connections in the other benches. */
const AT_ONCE = 32;
/** Whose sessions end a moment later, so that there is something to sweep. Milliseconds. */
const SHORT_LIFE = 1;

/** @type {import('../engines.js').SessionStore & { sweep?(now: number, limit: number): Promise<number> }} */
let store;
/** @type {string[]} */
let ids = [];

answerParent({
  /** @param {{ kind: string, address: string }} where */
  async connect({ kind, address }) {
    const connected = await ENGINES[kind]?.connect(address);
    if (connected) store = connected.store;
  },

  /** Until there are that many. @param {{ count: number }} wanted */
  async fill({ count }) {
    const missing = count - ids.length;
    const startedAt = performance.now();
    await together(missing, async () => {
      const record = newRecord();
      if (!(await store.create(record))) throw new Error('A session of that id was there already.');
      ids.push(record.id);
    });
    const seconds = (performance.now() - startedAt) / 1e3;
    const few = ids.length <= 1_000 ? ids : undefined;
    return { perSecond: missing / seconds, heap: process.memoryUsage().heapUsed, ids: few };
  },

  /** One verb after the other on sessions picked at random. @param {{ verb: 'read' | 'update', seconds: number, ids?: string[] }} work */
  async drive({ verb, seconds, ids: given = ids }) {
    await run(verb, seconds / 4, given);
    return run(verb, seconds, given);
  },

  /** Milliseconds that sweeping so many ended sessions takes. @param {{ count: number }} work */
  async sweep({ count }) {
    if (!store.sweep) return undefined;
    const now = Date.now();
    const ended = { createdAt: now, expiresAt: now + SHORT_LIFE, absoluteExpiresAt: now + SHORT_LIFE };
    await together(count, async () => void (await store.create(newRecord(ended))));
    const startedAt = performance.now();
    let swept = 0;
    for (let part = 1; part > 0 && swept < count; swept += part) part = await store.sweep(now + 2 * SHORT_LIFE, 1_000);
    if (swept < count) throw new Error(`Only ${swept} of ${count} ended sessions were swept.`);
    return performance.now() - startedAt;
  },
});

/** @param {'read' | 'update'} verb @param {number} seconds @param {string[]} among */
async function run(verb, seconds, among) {
  const [startedAt, cpuAtStart] = [performance.now(), process.cpuUsage()];
  const end = startedAt + seconds * 1e3;
  let [calls, refused] = [0, 0];
  const lane = async () => {
    while (performance.now() < end) {
      const id = among[Math.floor(Math.random() * among.length)] ?? '';
      const found = verb === 'read' ? await store.read(id, Date.now()) : await update(id, ++calls);
      if (verb === 'read') calls++;
      if (!found || found === 'gone' || found === 'conflict') refused++;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  const { user, system } = process.cpuUsage(cpuAtStart);
  return { perSecond: calls / ((performance.now() - startedAt) / 1e3), cpu: (user + system) / calls, refused };
}

/** @param {string} id @param {number} value */
function update(id, value) {
  return store.update(id, { fields: new Map([['lastWrite', String(value)]]), expect: { generation: 0 } }, Date.now());
}

/** @param {number} times @param {() => Promise<void>} work */
async function together(times, work) {
  let left = times;
  const lane = async () => {
    while (left-- > 0) await work();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}
