import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { Observable } from 'rxjs';
import { SessionModuleMissingError } from '../core/errors.js';
import type { SessionEvent } from '../core/events.js';
import type { SessionInfo } from '../core/manager.js';
import type { Session, SessionData } from '../core/session.js';
import type { SessionBinding } from '../http/binding.js';
import { RequestScope } from '../http/scope.js';
import type { SocketLike } from '../sockets/line.js';
import { scopeOfSocket } from '../sockets/sockets.js';
import { currentScope } from './session.context.js';

type NodeRequest = IncomingMessage | Http2ServerRequest;
type NodeResponse = ServerResponse | Http2ServerResponse;

/** A request of Express or Fastify, whichever `@Req()` gives, or Node's own. */
export type RequestLike = { readonly raw?: NodeRequest; readonly res?: NodeResponse } & object;

/** A response of Express, a reply of Fastify, or Node's own response. */
export type ResponseLike = NodeResponse | { readonly raw: NodeResponse };

/** Sessions from anywhere: the one of this request, and those of any user. */
export class SessionService {
  /** What happens to sessions, in this process. Listeners cannot change the outcome. */
  readonly events$: Observable<SessionEvent>;

  /** Out of the reach of `inspect`: it leads to the signing keys. */
  readonly #binding: SessionBinding;

  constructor(binding: SessionBinding) {
    this.#binding = binding;
    const { events } = binding.manager;
    this.events$ = new Observable((subscriber) => events.subscribe((event) => subscriber.next(event)));
  }

  /**
   * The session of the request that is being handled, without passing it along. Needs `load: 'eager'`, whose
   * interceptor knows which request that is.
   *
   * @throws SessionModuleMissingError outside of a request, and with `load: 'lazy'`.
   */
  async current<T extends object = SessionData>(): Promise<Session<T>> {
    const scope = currentScope();
    if (!scope) {
      throw new SessionModuleMissingError(
        'SessionService.current() found no request: it works in what a controller or a resolver calls, with load: "eager". ' +
          'Elsewhere, in resolvers of fields say, pass the request and use SessionService.of(request), or inject @Session().',
      );
    }
    return scope.session(this.#binding) as Promise<Session<T>>;
  }

  /**
   * The session of a request, or of a socket as `handleConnection` gets it: of a socket it is read anew for each call,
   * but for the ones in the handler of a message, and nothing is saved but by `save()` and `update()`. Middleware on Fastify gives the response too: what it gets is Node's own request, which
   * does not know it.
   *
   * @throws SessionModuleMissingError for a request whose response cannot be found.
   */
  async of<T extends object = SessionData>(
    request: RequestLike | SocketLike,
    response?: ResponseLike,
  ): Promise<Session<T>> {
    // What a message of a microservice carries may be anything.
    const asked: unknown = request;
    const isObject = typeof asked === 'object' && asked !== null;
    const socket = isObject ? scopeOfSocket(request) : undefined;
    if (socket) return socket.session(this.#binding) as Promise<Session<T>>;
    const scope =
      isObject && RequestScope.ofRequest(request as IncomingMessage, response as ServerResponse | undefined);
    if (!scope) {
      throw new SessionModuleMissingError(
        'SessionService.of() needs a request as @Req() gives it, or a socket as handleConnection() gets it. In middleware ' +
          'on Fastify, whose requests do not know their responses, pass both: of(request, response).',
      );
    }
    return scope.session(this.#binding) as Promise<Session<T>>;
  }

  /** The live sessions of a user, the one used last first: what a page of "your devices" shows. */
  list(userId: string): Promise<SessionInfo[]> {
    return this.#binding.manager.users.list(userId);
  }

  /** Ends a session by its id. With `userId`, only if it belongs to that user. `true`: it was there and has ended. */
  revoke(id: string, options?: { userId?: string }): Promise<boolean> {
    return this.#binding.manager.users.revoke(id, options);
  }

  /** Ends all sessions of a user, those being opened right now too, but for `except`. Says how many it ended. */
  revokeAll(userId: string, options?: { except?: string }): Promise<number> {
    return this.#binding.manager.users.revokeAll(userId, options);
  }

  /** Removes expired records now, and says how many. Done every `sweepInterval` anyway. */
  sweep(): Promise<number> {
    return this.#binding.manager.sweep();
  }
}
