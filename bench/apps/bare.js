// @ts-check
import { APP_INTERCEPTOR } from '@nestjs/core';
import { createApplication } from './application.js';
import { SESSION } from './shop.js';

/** One object stands for everybody's session, so that the handlers have the same work to do. */
const fields = /** @type {Record<string, unknown>} */ (structuredClone(SESSION));

/** @type {import('./shop.js').SessionAccess} */
const access = {
  get: (_, field) => fields[field],
  set(_, field, value) {
    fields[field] = value;
  },
};

/** What every interceptor costs at least, ours with `load: 'eager'` among them. */
const idleInterceptor = {
  /** @param {unknown} _ @param {import('@nestjs/common').CallHandler} next */
  intercept: (_, next) => next.handle(),
};

/** @param {import('./application.js').Settings} settings @returns {Promise<import('./application.js').Application>} */
export async function create({ framework, interceptor = false }) {
  const providers = interceptor ? [{ provide: APP_INTERCEPTOR, useValue: idleInterceptor }] : [];
  return { app: await createApplication(framework, access, { providers }) };
}
