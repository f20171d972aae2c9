import { AsyncLocalStorage } from 'node:async_hooks';
import type { ExecutionContext } from '@nestjs/common';
import { SessionModuleMissingError } from '../core/errors.js';
import { findBinding, type SessionBinding } from '../http/binding.js';
import { RequestScope } from '../http/scope.js';

const scopes = new AsyncLocalStorage<RequestScope>();

/** Runs `work` so that `SessionService.current()` finds the scope, in everything that it calls or awaits. */
export function runInScope<T>(scope: RequestScope, work: () => T): T {
  return scopes.run(scope, work);
}

export function currentScope(): RequestScope | undefined {
  return scopes.getStore();
}

/** The scope of the request that an execution context is about. */
export function scopeOf(context: ExecutionContext): RequestScope {
  const http = context.switchToHttp();
  return RequestScope.of(http.getRequest(), http.getResponse());
}

/** The session module of that name in the application that the request belongs to. */
export function bindingOf(context: ExecutionContext, name: string): SessionBinding {
  if (context.getType() !== 'http') {
    throw new SessionModuleMissingError(
      `Sessions are not available in a ${context.getType()} context, only over HTTP.`,
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
