export type { OpenedSeal, SealCarrier, SealContext, SealedBackend } from '../../core/sealed.js';
export type { CookieSessionStoreOptions } from './cookie.options.js';
export { CookieSessionStore } from './cookie.store.js';
