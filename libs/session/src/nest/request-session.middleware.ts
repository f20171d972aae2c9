import type { IncomingMessage, ServerResponse } from 'node:http';
import { SessionConfigError } from '../core/errors.js';
import { userIdOf } from '../core/login.js';
import type { SessionData } from '../core/session.js';
import type { SessionBinding } from '../http/binding.js';
import { type FastifyApplication, onRequest, rememberReply, type Reply } from '../http/frameworks.js';
import { hasRequestSession, putOnRequest } from '../http/request-session.js';
import { RequestScope } from '../http/scope.js';
import { bindingFor } from './session.context.js';
import { DEFAULT_SESSION_NAME } from './session.tokens.js';

export interface RequestSessionOptions<T extends object = SessionData> {
  /** Which session, if there are several. @default 'session' */
  name?: string;
  /**
   * Whom the fields call logged in. When that changes, that user is logged in, or the session of one who was ends, so that
   * guards, device lists and `revokeAll` know of it: before anybody looks at the session, and before it is saved.
   * @default what Passport keeps in `passport.user`, or `@fastify/passport` in `passport`, if that is a number or a text of 1 to 255 characters
   */
  userId?(fields: Partial<T>): string | number | null | undefined;
}

/** Middleware on Express, a plugin on Fastify. */
interface RequestSessionMiddleware {
  (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void): void;
  (application: FastifyApplication, options: unknown, done: (error?: Error) => void): void;
}

/**
 * Puts the session on `request.session`, in the manner of express-session, for Passport and all other middleware that
 * looks for it there. Use it before that. On Express it is middleware: `app.use(requestSession(), passport.session())`, or
 * `consumer.apply(requestSession(), passport.session())` in a module. On Fastify it is a plugin, and there are the methods
 * of `@fastify/session` as well: `app.register(requestSession())`, then `app.register(fastifyPassport.secureSession())`.
 * Where nobody looks at it, it costs what loading the session costs, and nothing for strangers.
 *
 * A session that cannot be loaded throws when somebody looks.
 */
export function requestSession<T extends object = SessionData>(
  options: RequestSessionOptions<T> = {},
): RequestSessionMiddleware {
  const putSession: Hook = (request, response, next) => {
    void settle(put(request, response, options as RequestSessionOptions), next);
  };
  const middleware = (first: IncomingMessage | FastifyApplication, second: unknown, done: () => void): void => {
    if ('addHook' in first) addTo(first, putSession, done);
    else putSession(first, second as ServerResponse, done);
  };
  // For all of the application, and not in a context of its own (avvio's mark for that, which fastify-plugin sets too).
  return Object.assign(middleware, { [Symbol.for('skip-override')]: true });
}

type AnyRequest = (IncomingMessage | { readonly raw: IncomingMessage }) & { session?: unknown };
type Hook = (request: AnyRequest, response: ServerResponse | Reply, next: (error?: Error) => void) => void;

async function settle(work: Promise<void>, next: (failure?: Error) => void): Promise<void> {
  let failure: unknown;
  try {
    await work;
  } catch (error) {
    failure = error;
  }
  next(failure as Error | undefined);
}

function addTo(application: FastifyApplication, hook: Hook, done: () => void): void {
  // @fastify/flash, which @fastify/passport brings along, starts only where a decorator of this name is.
  if (!application.hasRequestDecorator('session')) application.decorateRequest('session', null);
  onRequest(application, hook);
  done();
}

async function put(
  request: AnyRequest,
  response: ServerResponse | Reply,
  { name = DEFAULT_SESSION_NAME, userId }: RequestSessionOptions,
): Promise<void> {
  // Registered twice, for the application and for a module say.
  if (hasRequestSession(request)) return;
  if (request.session !== undefined && request.session !== null) {
    throw new SessionConfigError(
      'request.session is taken before requestSession() puts the session there, by express-session, cookie-session or ' +
        '@fastify/session most likely. Remove the other one: one request.session cannot be two.',
    );
  }
  if (!('app' in request || 'server' in request)) {
    throw new SessionConfigError(
      'requestSession() is used as middleware on Fastify, whose middleware knows nothing of the application. Use it as a ' +
        'plugin: app.register(requestSession()).',
    );
  }
  if ('request' in response) rememberReply(response);
  const binding = bindingFor(request, name);
  const scope = RequestScope.of(request, response);
  await putOnRequest({ request, scope, binding }, (fields) =>
    idOf(userId ? userId(fields) : serialized(fields['passport']), binding),
  );
}

/** Nobody is what applications write in the place of a user: express-session's own example of a logout does. */
function idOf(user: unknown, binding: SessionBinding): string | undefined {
  if (user === undefined || user === null || user === false || user === '') return undefined;
  const id = userIdOf(user);
  if (id !== undefined) return id;
  binding.warn(
    'requestSession(): what serializeUser() made of a user, or userId() gave, is no id, so session.userId stays empty, and SessionAuthGuard, ' +
      'list() and revokeAll() do not know of the login. Serialize the id alone, or say where it is: ' +
      'requestSession({ userId: ({ passport }) => passport?.user?.id }).',
  );
  return undefined;
}

/** What the serializer made of a user: Passport keeps it as `{ user }`, and `{}` of nobody; @fastify/passport keeps it as it is. */
function serialized(passport: unknown): unknown {
  if (typeof passport !== 'object' || passport === null) return passport;
  return 'user' in passport || Object.keys(passport).length === 0 ? (passport as { user?: unknown }).user : passport;
}
