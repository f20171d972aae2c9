import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { RequestScope } from '../http/scope.js';
import { traitsOf } from './handler.traits.js';
import { bindingOf, scopeOf, sessionOf } from './session.context.js';
import { DEFAULT_SESSION_NAME } from './session.tokens.js';
import { unauthenticated } from './unauthenticated.js';
import { wsException } from './ws.exception.js';

/**
 * 401 unless somebody is logged in; 409 if somebody may be, but by a token that was replaced a moment ago; in a gateway an
 * `exception` 'Unauthorized'. `@UseGuards(SessionAuthGuard)` on a route, a controller, a resolver or a gateway, or for all of
 * them with `{ provide: APP_GUARD, useClass: SessionAuthGuard }` and `@Public()` on the ones for strangers. For a named
 * session pass an instance: `@UseGuards(new SessionAuthGuard('admin'))`.
 */
export class SessionAuthGuard implements CanActivate {
  // No decorator on this class, so that Nest does not take the name for something to inject.
  constructor(private readonly name: string = DEFAULT_SESSION_NAME) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (traitsOf(context).public) return true;
    const session = await sessionOf(context, this.name);
    if (session.userId !== undefined) return true;
    const refusal = unauthenticated('Please sign in.');
    if (context.getType() === 'ws') throw await wsException('Unauthorized', refusal);
    const scope = scopeOf(context);
    if (scope instanceof RequestScope) scope.refuseRetired(bindingOf(context, this.name));
    throw refusal;
  }
}
