// @ts-check
import { Session } from '@nestjs/common';

/** How peers' sessions are used: `request.session`, with fields as its properties. @type {import('./shop.js').SessionAccess} */
export const access = {
  inject: Session(),
  get: (session, field) => session?.[field],
  set(session, field, value) {
    session[field] = value;
  },
};
