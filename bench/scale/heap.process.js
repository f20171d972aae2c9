// @ts-check
/** How much heap a session in memory takes beyond its data: ours, and the peers' stores of the same kind. */
import { randomBytes } from 'node:crypto';
import fastifySession from '@fastify/session';
import expressSession from 'express-session';
import memorystore from 'memorystore';
import { MemorySessionStore } from 'nest-sessions';
import { answerParent } from '../child.js';
import { newRecord } from '../engines.js';

/** @typedef {{ set(id: string, session: any, done: () => void): void }} CallbackStore */
/** @typedef {(id: string, text: string) => unknown} Put */

/** Ours is logged in, as most sessions that hold something are, and every one by another user. @type {Record<string, () => Put>} */
const STORES = {
  'nest-sessions'() {
    const store = new MemorySessionStore({ maxSessions: 1e7 });
    return (id, text) => store.create(newRecord({ id, userId: id.slice(0, 12), fields: new Map([['data', text]]) }));
  },
  'express-session': () => putInto(new expressSession.MemoryStore()),
  '@fastify/session': () => putInto(/** @type {any} */ (new fastifySession.MemoryStore(new Map()))),
  memorystore: () => putInto(/** @type {any} */ (new (memorystore(expressSession))({ max: 1e7 }))),
};

answerParent({
  /** @param {{ who: string, size: number, count: number }} what */
  async beyondData({ who, size, count }) {
    const put = STORES[who]?.();
    if (!put) throw new Error(`There is no store ${who} here.`);
    await fill(put, 100, size);
    const before = heap();
    await fill(put, count, size);
    const bytes = (heap() - before) / count - size;
    // Still there, so that it was not collected.
    await fill(put, 1, size);
    return bytes;
  },
});

/** @param {Put} put @param {number} count @param {number} size */
async function fill(put, count, size) {
  for (let index = 0; index < count; index++) {
    // Flat, as texts are that were measured or sent: those of JSON.stringify() come in parts.
    await put(randomBytes(18).toString('base64url'), randomBytes(size / 2).toString('hex'));
  }
}

/** What they would be given by their middleware. @param {CallbackStore} store @returns {Put} */
function putInto(store) {
  return (id, data) =>
    new Promise((resolve) => {
      const cookie = {
        originalMaxAge: 1_800_000,
        expires: new Date(Date.now() + 1_800_000),
        httpOnly: true,
        path: '/',
      };
      store.set(id, { cookie, user: id.slice(0, 12), data }, () => resolve(undefined));
    });
}

function heap() {
  const { gc } = /** @type {any} */ (globalThis);
  gc();
  gc();
  return process.memoryUsage().heapUsed;
}
