// @ts-check
/** What our contestants have in common. */
import { Session } from 'nest-sessions';
import { SECRET } from './application.js';

/** @type {import('./shop.js').SessionAccess} */
export const access = {
  inject: Session(),
  get: (session, field) => session.get(field),
  set: (session, field, value) => session.set(field, value),
};

/**
 * The defaults, but for what the peers need too to be on a par: a signature, and plain http. The deadlines, which peers
 * do not have, are kept but far off, so that a busy machine makes for a slow run instead of a failed one.
 */
export const OPTIONS = {
  secret: SECRET,
  cookie: { secure: false },
  storeTimeout: '30s',
  requestBudget: '60s',
};
