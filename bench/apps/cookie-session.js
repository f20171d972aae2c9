// @ts-check
import cookieSession from 'cookie-session';
import { COOKIE, createApplication, SECRET } from './application.js';
import { access } from './properties.js';

/** @param {import('./application.js').Settings} settings @returns {Promise<import('./application.js').Application>} */
export async function create({ framework }) {
  const app = await createApplication(framework, access);
  app.use(cookieSession({ name: 'sid', keys: [SECRET], ...COOKIE }));
  return { app };
}
