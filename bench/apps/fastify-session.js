// @ts-check
import cookie from '@fastify/cookie';
import session from '@fastify/session';
import { RedisStore } from 'connect-redis';
import { connectToRedis, COOKIE, countCalls, createApplication, SECRET } from './application.js';
import { access } from './properties.js';

/** @type {Record<string, (url?: string) => Promise<{ store: any, calls?: () => number }>>} */
const STORES = {
  async memory() {
    // Its own default, made here so that its calls can be counted.
    const store = new session.MemoryStore(new Map());
    return { store, calls: countCalls(store, ['get', 'set', 'destroy']) };
  },

  async redis(url) {
    return { store: new RedisStore({ client: await connectToRedis(url), ttl: 30 * 60 }) };
  },
};

/**
 * `rolling: false` and `saveUninitialized: false`: with its defaults it would write with every request, and for strangers.
 *
 * @param {import('./application.js').Settings} settings @returns {Promise<import('./application.js').Application>}
 */
export async function create({ framework, url, store: kind }) {
  const made = await STORES[kind]?.(url);
  if (!made) throw new Error(`There is no store ${kind} here. There are: ${Object.keys(STORES).join(', ')}.`);
  const app = /** @type {any} */ (await createApplication(framework, access));
  const { store, calls } = made;
  await app.register(cookie);
  await app.register(session, {
    cookieName: 'sid',
    secret: SECRET,
    rolling: false,
    saveUninitialized: false,
    cookie: COOKIE,
    store,
  });
  return { app, calls };
}
