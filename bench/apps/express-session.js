// @ts-check
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import session from 'express-session';
import { connectToRedis, COOKIE, countCalls, createApplication, POOL_SIZE, SECRET } from './application.js';
import { access } from './properties.js';

/** Ours ends after this much silence too. Seconds. */
const TTL = 30 * 60;

/** @type {Record<string, (url?: string) => Promise<{ store: session.Store, calls?: () => number }>>} */
const STORES = {
  async memory() {
    const store = new session.MemoryStore();
    return { store, calls: countCalls(store, ['get', 'set', 'touch', 'destroy']) };
  },

  async redis(url) {
    const { RedisStore } = await import('connect-redis');
    return { store: new RedisStore({ client: await connectToRedis(url), ttl: TTL }) };
  },

  async postgres(url) {
    const { default: connectPgSimple } = await import('connect-pg-simple');
    const { Pool } = await import('pg');
    const pool = new Pool({ connectionString: url, max: POOL_SIZE });
    // Not `createTableIfMissing`, which has every call wait for a promise.
    await pool.query(await readFile(createRequire(import.meta.url).resolve('connect-pg-simple/table.sql'), 'utf8'));
    return { store: new (connectPgSimple(session))({ pool, ttl: TTL }) };
  },
};

/**
 * As its README recommends for a store with `touch`: no `resave`, no `saveUninitialized`. The cookie has no `maxAge`;
 * that spares it a Set-Cookie with every write.
 *
 * @param {import('./application.js').Settings} settings @returns {Promise<import('./application.js').Application>}
 */
export async function create({ framework, url, store: kind }) {
  const made = await STORES[kind]?.(url);
  if (!made) throw new Error(`There is no store ${kind} here. There are: ${Object.keys(STORES).join(', ')}.`);
  const app = await createApplication(framework, access);
  const { store, calls } = made;
  app.use(session({ name: 'sid', secret: SECRET, resave: false, saveUninitialized: false, cookie: COOKIE, store }));
  return { app, calls };
}
