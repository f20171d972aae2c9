import type { IncomingMessage, ServerResponse } from 'node:http';
import { SessionConfigError } from '../core/errors.js';
import { userIdOf } from '../core/login.js';
import type { SessionData } from '../core/session.js';
import type { SessionBinding } from '../http/binding.js';
import { hasRequestSession, putOnRequest } from '../http/request-session.js';
import { RequestScope } from '../http/scope.js';
import { bindingFor } from './session.context.js';
import { DEFAULT_SESSION_NAME } from './session.tokens.js';

export interface RequestSessionOptions<T extends object = SessionData> {
  /** Which session, if there are several. @default 'session' */
  name?: string;
  /**
   * Who the fields say is logged in. `request.session.save()`, which Passport calls last in a login, logs that user in,
   * so that guards, device lists and `revokeAll` know of it.
   * @default what Passport keeps in `passport.user`, if that is a number or a text of 1 to 255 characters
   */
  userId?(fields: Partial<T>): string | undefined;
}

type Middleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => Promise<void>;

/**
 * Middleware for Express that puts the session on `request.session`, in the manner of express-session, for Passport and
 * all other middleware that looks for it there. Use it before that: `app.use(requestSession(), passport.session())`, or
 * `consumer.apply(requestSession(), passport.session())` in a module. Where nobody looks at it, it costs what
 * loading the session costs, and nothing for strangers.
 *
 * A session that cannot be loaded throws when somebody looks.
 */
export function requestSession<T extends object = SessionData>(options: RequestSessionOptions<T> = {}): Middleware {
  const { name = DEFAULT_SESSION_NAME } = options;
  return async (request, response, next) => {
    let failure: unknown;
    try {
      await put(request, response, name, options.userId);
    } catch (error) {
      failure = error;
    }
    next(failure);
  };
}

async function put<T extends object>(
  request: IncomingMessage & { session?: unknown },
  response: ServerResponse,
  name: string,
  userId: RequestSessionOptions<T>['userId'],
): Promise<void> {
  // Registered twice, for the application and for a module say.
  if (hasRequestSession(request)) return;
  if (request.session !== undefined) {
    throw new SessionConfigError(
      'request.session is taken before requestSession() puts the session there, by express-session or cookie-session ' +
        'most likely. Remove the other middleware: one request.session cannot be two.',
    );
  }
  const binding = bindingFor(request, name);
  const session = await RequestScope.of(request, response).loaded(binding);
  putOnRequest(request, { binding, session }, (fields) =>
    userId ? userId(fields as Partial<T>) : passportUser(fields, binding),
  );
}

function passportUser({ passport }: SessionData, binding: SessionBinding): string | undefined {
  const { user } = (passport ?? {}) as { user?: unknown };
  if (user === undefined || user === null || user === false) return undefined;
  const id = userIdOf(user);
  if (id !== undefined) return id;
  binding.warn(
    'requestSession(): what serializeUser() made of a user is no id, so session.userId stays empty, and SessionAuthGuard, ' +
      'list() and revokeAll() do not know of the login. Serialize the id alone, or say where it is: ' +
      'requestSession({ userId: ({ passport }) => passport?.user?.id }).',
  );
  return undefined;
}
