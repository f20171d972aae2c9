import { AsyncLocalStorage } from 'node:async_hooks';
import type { ExecutionContext } from '@nestjs/common';
import { SessionModuleMissingError } from '../core/errors.js';
import { findBinding, type SessionBinding } from '../http/binding.js';
import type { ReadOnlyScope } from '../http/read-only.scope.js';
import { RequestScope } from '../http/scope.js';
import { isGraphql, requestOfOperation, scopeOfOperation } from './graphql.context.js';

/** What a handler has to do with its sessions, over HTTP or over a socket. */
export type SessionScope = RequestScope | ReadOnlyScope;

const scopes = new AsyncLocalStorage<SessionScope>();

/** Runs `work` so that `SessionService.current()` finds the scope, in everything that it calls or awaits. */
export function runInScope<T>(scope: SessionScope, work: () => T): T {
  return scopes.run(scope, work);
}

export function currentScope(): SessionScope | undefined {
  return scopes.getStore();
}

/** The scope of what a handler is about: a request, or an operation of GraphQL. */
export function scopeOf(context: ExecutionContext): SessionScope {
  return isGraphql(context) ? scopeOfOperation(context, requestOfOperation(context)) : scopeOfHttp(context);
}

export function scopeOfHttp(context: ExecutionContext): RequestScope {
  const http = context.switchToHttp();
  return RequestScope.of(http.getRequest(), http.getResponse());
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
      `Sessions are not available in a ${context.getType()} context, only over HTTP and in GraphQL.`,
    );
  }
  return bindingFor(context.switchToHttp().getRequest(), name);
}

/** The same for a request. */
export function bindingFor(request: object, name: string): SessionBinding {
  const binding = findBinding(request, name);
  if (!binding) {
    throw new SessionModuleMissingError(
      `There is no session named '${name}' in this application: import SessionModule.forRoot(store` +
        `${name === 'session' ? '' : `, { name: '${name}' }`}) in its root module.`,
    );
  }
  return binding;
}
