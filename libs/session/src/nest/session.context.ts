import { AsyncLocalStorage } from 'node:async_hooks';
import type { ExecutionContext } from '@nestjs/common';
import { SessionModuleMissingError } from '../core/errors.js';
import type { Session } from '../core/session.js';
import { findBinding, type SessionBinding } from '../http/binding.js';
import { RequestScope } from '../http/scope.js';
import { currentMessage, type SocketMessage } from '../sockets/message.js';
import type { ReadOnlyScope } from '../sockets/read-only.scope.js';
import type { MessageScope } from '../sockets/scope.js';
import { isGraphql, requestOfOperation, scopeOfOperation } from './graphql.context.js';
import { asWsException } from './ws.exception.js';

/** What a handler has to do with its sessions, over HTTP or over a socket. */
export type SessionScope = RequestScope | ReadOnlyScope | MessageScope;

const scopes = new AsyncLocalStorage<SessionScope>();

/** Runs `work` so that `SessionService.current()` finds the scope, in everything that it calls or awaits. */
export function runInScope<T>(scope: SessionScope, work: () => T): T {
  return scopes.run(scope, work);
}

export function currentScope(): SessionScope | undefined {
  return scopes.getStore() ?? currentMessage()?.scope;
}

/** The session of that name of what a handler is about: a request, an operation of GraphQL, a message of a socket. */
export function sessionOf(context: ExecutionContext, name: string): Session | Promise<Session> {
  if (context.getType() === 'ws') return sessionOfMessage(context, name);
  const binding = bindingOf(context, name);
  return scopeOf(context).session(binding);
}

async function sessionOfMessage(context: ExecutionContext, name: string): Promise<Session> {
  const { find, scope } = messageOf(context);
  try {
    return await scope.session(find(name) ?? missing(name));
  } catch (error) {
    throw await asWsException(error);
  }
}

/** The scope of what a handler is about: a request, or an operation of GraphQL. */
export function scopeOf(context: ExecutionContext): RequestScope | ReadOnlyScope {
  return isGraphql(context) ? scopeOfOperation(context, requestOfOperation(context)) : scopeOfHttp(context);
}

export function scopeOfHttp(context: ExecutionContext): RequestScope {
  // By their places: switchToHttp() makes three functions for each call.
  return RequestScope.of(context.getArgByIndex(0), context.getArgByIndex(1));
}

/** The session module of that name in the application that the request belongs to. */
export function bindingOf(context: ExecutionContext, name: string): SessionBinding {
  if (isGraphql(context)) return bindingFor(requestOfOperation(context), name);
  if (context.getType() === 'rpc') {
    throw new SessionModuleMissingError(
      `${context.getClass().name}.${context.getHandler().name} asks for a session, and messages of a microservice carry ` +
        'none. Send the id of the session or of the user along, and use SessionService.list() or revoke().',
    );
  }
  if (context.getType() !== 'http') {
    throw new SessionModuleMissingError(
      `Sessions are not available in a ${context.getType()} context, only over HTTP, in GraphQL and over WebSockets.`,
    );
  }
  return bindingFor(context.getArgByIndex(0), name);
}

function messageOf(context: ExecutionContext): SocketMessage {
  const message = currentMessage();
  if (message) return message;
  throw new SessionModuleMissingError(
    `${context.getClass().name}.${context.getHandler().name} handles a message of a socket that no session is known of: ` +
      'sessions need sockets of socket.io or ws, and an adapter given to app.useWebSocketAdapter().',
  );
}

/** The same for a request. */
export function bindingFor(request: object, name: string): SessionBinding {
  return findBinding(request, name) ?? missing(name);
}

function missing(name: string): never {
  throw new SessionModuleMissingError(
    `There is no session named '${name}' in this application: import SessionModule.forRoot(store` +
      `${name === 'session' ? '' : `, { name: '${name}' }`}) in its root module.`,
  );
}
