import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { RequestScope } from '../http/scope.js';
import { traitsOf } from './handler.traits.js';
import { bindingOf, scopeOf } from './session.context.js';
import { DEFAULT_SESSION_NAME } from './session.tokens.js';
import { unauthenticated } from './unauthenticated.js';

/**
 * 401 unless somebody is logged in; 409 if somebody may be, but by a token that was replaced a moment ago.
 * `@UseGuards(SessionAuthGuard)` on a route, a controller or a resolver, or for all of them with
 * `{ provide: APP_GUARD, useClass: SessionAuthGuard }` and `@Public()` on the ones for strangers. For a named session
 * pass an instance: `@UseGuards(new SessionAuthGuard('admin'))`.
 */
export class SessionAuthGuard implements CanActivate {
  // No decorator on this class, so that Nest does not take the name for something to inject.
  constructor(private readonly name: string = DEFAULT_SESSION_NAME) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (traitsOf(context).public) return true;
    const binding = bindingOf(context, this.name);
    const scope = scopeOf(context);
    const session = await scope.session(binding);
    if (session.userId !== undefined) return true;
    if (scope instanceof RequestScope) scope.refuseRetired(binding);
    throw unauthenticated('Please sign in.');
  }
}
