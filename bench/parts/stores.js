// @ts-check
/** Each verb of each store on its engine, and the seal of the encrypted cookie. */
import { CookieSessionStore } from 'nest-sessions/cookie';
import { SECRET } from '../apps/application.js';
import { ENGINES, newRecord } from '../engines.js';

/** @returns {Promise<{ parts: import('./parts.process.js').Part[], stop(): Promise<void> }>} */
export async function openStores() {
  const parts = sealParts();
  /** @type {(() => unknown)[]} */
  const opened = [];
  for (const [kind, { start, connect }] of Object.entries(ENGINES)) {
    const { address, stop } = await start();
    const { store, close } = await connect(address);
    opened.unshift(close, stop);
    parts.push(...(await verbsOf(kind, store)));
  }
  return {
    parts,
    async stop() {
      for (const end of opened) await end();
    },
  };
}

/** @param {string} kind @param {import('../engines.js').SessionStore} store @returns {Promise<import('./parts.process.js').Part[]>} */
async function verbsOf(kind, store) {
  const record = newRecord();
  await store.create(record);
  const { id, createdAt: now } = record;
  let writes = 0;
  const change = () => ({ fields: new Map([['lastWrite', String(++writes)]]), expect: { generation: 0 } });
  return [
    { name: `store, ${kind}: read`, run: () => store.read(id, now) },
    { name: `store, ${kind}: update`, run: () => store.update(id, change(), now) },
    { name: `store, ${kind}: touch`, run: () => store.touch(id, record.expiresAt + ++writes, now, { generation: 0 }) },
    {
      name: `store, ${kind}: create and delete`,
      async run() {
        const another = newRecord();
        await store.create(another);
        await store.delete(another.id);
      },
    },
  ];
}

/** @returns {import('./parts.process.js').Part[]} */
function sealParts() {
  const store = new CookieSessionStore({ acceptReplayFor: '90d' });
  store.prepare({ name: 'session', carrier: 'sid', keys: [SECRET], longestLife: 1 });
  const record = newRecord();
  const sealed = store.seal(record);
  return [
    { name: 'cookie: seal', run: () => store.seal(record) },
    { name: 'cookie: open', run: () => store.open(sealed) },
  ];
}
