// @ts-check
import { createParamDecorator } from '@nestjs/common';
import { getIronSession } from 'iron-session';
import { COOKIE, createApplication, SECRET } from './application.js';
import { access } from './properties.js';

const OPTIONS = { cookieName: 'sid', password: SECRET, ttl: 30 * 60, cookieOptions: { ...COOKIE, maxAge: undefined } };

/** Opened where it is asked for and saved where it was changed, as its README does. */
const IronSession = createParamDecorator((_, /** @type {import('@nestjs/common').ExecutionContext} */ context) => {
  const http = context.switchToHttp();
  return getIronSession(http.getRequest(), http.getResponse(), OPTIONS);
});

/** @param {import('./application.js').Settings} settings @returns {Promise<import('./application.js').Application>} */
export async function create({ framework }) {
  const own = { ...access, inject: IronSession(), save: (/** @type {any} */ session) => session.save() };
  return { app: await createApplication(framework, own) };
}
