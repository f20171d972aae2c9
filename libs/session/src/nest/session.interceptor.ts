import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { catchError, map, Observable } from 'rxjs';
import type { SessionBinding } from '../http/binding.js';
import { RequestScope } from '../http/scope.js';
import { findRequest, isGraphql, scopeOfOperation } from './graphql.context.js';
import { type HandlerTraits, traitsOf } from './handler.traits.js';
import { runInScope, scopeOfHttp } from './session.context.js';
import { isAsyncIterable, whileLasting } from './subscription.js';
import { asWsException } from './ws.exception.js';

/**
 * Loads the session before the controller runs and saves it after. Answers that never pass here again, the ones of
 * exceptions, `@Res()` and `@Sse()` among them, are committed by the gate.
 */
export class SessionInterceptor implements NestInterceptor {
  constructor(private readonly binding: SessionBinding) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> | Promise<Observable<unknown>> {
    if (context.getType() === 'ws') return next.handle().pipe(catchError(rethrowForSocket));
    const traits = traitsOf(context);
    if (traits.skipped) return next.handle();
    if (isGraphql(context)) return this.#resolve(context, next);
    if (context.getType() !== 'http') return next.handle();
    const scope = scopeOfHttp(context);
    const handle = (): Observable<unknown> => runInScope(scope, () => this.#handle(traits, scope, next));
    const loaded = scope.preload(this.binding);
    if (!loaded) return handle();
    if (traits.eventStream) scope.holdFirstByte(loaded);
    return loaded.then(handle);
  }

  /**
   * Resolvers are many to an operation, and at work side by side: none of them saves, the gate does when all are done. One
   * whose operation leads to no request may not need one.
   */
  async #resolve(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = findRequest(context);
    if (!request) return next.handle();
    const scope = scopeOfOperation(context, request);
    await scope.preload(this.binding);
    const answer = runInScope(scope, () => next.handle());
    if (scope instanceof RequestScope) return answer;
    const isLasting = (): Promise<boolean> => scope.renew(this.binding);
    return answer.pipe(map((value) => (isAsyncIterable(value) ? whileLasting(value, isLasting) : value)));
  }

  #handle({ answersByHand, eventStream }: HandlerTraits, scope: RequestScope, next: CallHandler): Observable<unknown> {
    const answer = next.handle();
    // These go on after the handler has returned, so the gate commits, at their first byte.
    if (eventStream || answersByHand) return answer;
    return savedAfter(answer, scope);
  }
}

/** What a `save()` fails with is the client's business too. */
async function rethrowForSocket(error: unknown): Promise<never> {
  throw await asWsException(error);
}

/** Nest sends the last value of an observable, so there is one commit and it comes before that. */
function savedAfter(answer: Observable<unknown>, scope: RequestScope): Observable<unknown> {
  return new Observable((subscriber) => {
    let last: unknown;
    const send = (): void => {
      subscriber.next(last);
      subscriber.complete();
    };
    return answer.subscribe({
      next: (value) => (last = value),
      error: (error) => subscriber.error(error),
      complete: () => {
        const saved = scope.save();
        if (saved) saved.then(send, (error) => subscriber.error(error));
        else send();
      },
    });
  });
}
