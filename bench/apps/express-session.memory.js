// @ts-check
import session from 'express-session';
import { countCalls } from './application.js';
import { createWithStore } from './express-session.js';

/** @returns {Promise<import('./application.js').Application>} */
export async function create() {
  const store = new session.MemoryStore();
  return { app: await createWithStore(store), calls: countCalls(store, ['get', 'set', 'touch', 'destroy']) };
}
