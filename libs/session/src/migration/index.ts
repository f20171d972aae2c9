export type { OldCookie, OldCookieAttributes, OldSession, OldSessions } from '../core/old.sessions.js';
export type { TokenFault } from '../core/token.js';
export type { ExpressStore } from '../stores/express/express.client.js';
export { cookieSession, type OldCookieSessionOptions, type OldKeyRing } from './cookie-session.source.js';
export { expressSession, type OldExpressOptions } from './express-session.source.js';
export { fastifySession, type OldFastifyOptions, type OldSigner } from './fastify-session.source.js';
export type { MovingOptions } from './moving.options.js';
export type { OldSecret } from './old.signature.js';
