// @ts-check
import secureSession from '@fastify/secure-session';
import { Session } from '@nestjs/common';
import { COOKIE, createApplication, SECRET } from './application.js';

/** @type {import('./shop.js').SessionAccess} */
const access = {
  inject: Session(),
  get: (session, field) => session.get(field),
  set: (session, field, value) => session.set(field, value),
};

/** @param {import('./application.js').Settings} settings @returns {Promise<import('./application.js').Application>} */
export async function create({ framework }) {
  const app = /** @type {any} */ (await createApplication(framework, access));
  await app.register(secureSession, { cookieName: 'sid', key: Buffer.from(SECRET), cookie: COOKIE });
  return { app };
}
