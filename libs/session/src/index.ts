export { type Clock, systemClock } from './core/clock.js';
export {
  type ConflictReason,
  InvalidFieldNameError,
  SessionCommittedError,
  SessionConfigError,
  SessionConflictError,
  SessionDestroyedError,
  SessionError,
  SessionModuleMissingError,
  SessionNoResponseError,
  SessionStoreFullError,
  SessionStoreTimeoutError,
  SessionStoreUnavailableError,
  SessionTooLargeError,
  UnserializableError,
  UnsupportedBySessionStoreError,
} from './core/errors.js';
export type { SessionEvent } from './core/events.js';
export type { LoginOptions } from './core/login.js';
export type { SessionInfo } from './core/manager.js';
export type { SessionRecord } from './core/record.js';
// For stores of applications: the rules of a write, where the engine cannot apply them itself.
export { changed as changedRecord, extended as extendedEnd, holds as meetsExpectation } from './core/record.change.js';
export type { SessionData } from './core/session.js';
export type {
  Expectation,
  Pingable,
  Rotation,
  SessionChange,
  SessionStore,
  SessionStoreGuarantees,
  Sweepable,
  TextChanges,
  UpdateResult,
  UserIndex,
} from './core/store.js';
export type { FastifyRequestSession, RequestSession } from './http/request-session.js';
export { requestSession, type RequestSessionOptions } from './nest/request-session.middleware.js';
export { SessionAuthGuard } from './nest/session-auth.guard.js';
export { Public, Session, type SessionSelector, SkipSession } from './nest/session.decorator.js';
export { SessionModule } from './nest/session.module.js';
export type { Duration, SessionCookieOptions, SessionOptions, SessionSocketOptions } from './nest/session.options.js';
export { type RequestLike, type ResponseLike, SessionService } from './nest/session.service.js';
export type { SessionAsyncOptions, SessionStoreSource } from './nest/session.source.js';
export {
  DEFAULT_SESSION_NAME,
  getSessionToken,
  SESSION_CLOCK,
  SESSION_OPTIONS,
  SESSION_STORE,
  SESSION_TRANSPORT,
} from './nest/session.tokens.js';
export { MemorySessionStore, type MemorySessionStoreOptions } from './stores/memory/memory.store.js';
export type { SocketLike } from './sockets/line.js';
export type { AdmitSocket, SocketHandshake } from './sockets/registry.js';
export type { SessionTransport } from './transport/transport.js';
