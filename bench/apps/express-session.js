// @ts-check
/** What the contestants with express-session have in common. */
import { Session } from '@nestjs/common';
import session from 'express-session';
import { createApplication, SECRET } from './application.js';

/** @type {import('./shop.js').SessionAccess} */
const access = {
  inject: Session(),
  get: (session, field) => session[field],
  set(session, field, value) {
    session[field] = value;
  },
};

/**
 * As its README recommends for a store with `touch`: no `resave`, no `saveUninitialized`. The cookie has no `maxAge`, as
 * ours has none; that spares it a Set-Cookie with every write.
 *
 * @param {session.Store} store
 */
export async function createWithStore(store) {
  const app = await createApplication(access);
  app.use(
    session({
      name: 'sid',
      secret: SECRET,
      resave: false,
      saveUninitialized: false,
      cookie: { secure: false, httpOnly: true, sameSite: 'lax' },
      store,
    }),
  );
  return app;
}
