// @ts-check
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import connectPgSimple from 'connect-pg-simple';
import session from 'express-session';
import { Client, Pool } from 'pg';
import { countCalls, POOL_SIZE } from './application.js';
import { createWithStore } from './express-session.js';

const SCHEMA = createRequire(import.meta.url).resolve('connect-pg-simple/table.sql');
/** Ours ends after this much silence too. Seconds. */
const TTL = 30 * 60;

/** @param {import('./application.js').Settings} settings @returns {Promise<import('./application.js').Application>} */
export async function create({ url }) {
  const pool = new Pool({ connectionString: url, max: POOL_SIZE });
  // Not `createTableIfMissing`, which has every call wait for a promise.
  await pool.query(await readFile(SCHEMA, 'utf8'));
  const store = new (connectPgSimple(session))({ pool, ttl: TTL });
  return { app: await createWithStore(store), calls: countCalls(Client.prototype, ['query']) };
}
