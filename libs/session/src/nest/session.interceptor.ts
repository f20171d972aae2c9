import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { Observable } from 'rxjs';
import type { SessionBinding } from '../http/binding.js';
import type { RequestScope } from '../http/scope.js';
import { type HandlerTraits, traitsOf } from './handler.traits.js';
import { runInScope, scopeOf } from './session.context.js';

/**
 * Loads the session before the controller runs and saves it after. Answers that never pass here again, the ones of
 * exceptions, `@Res()` and `@Sse()` among them, are committed by the gate.
 */
export class SessionInterceptor implements NestInterceptor {
  constructor(private readonly binding: SessionBinding) {}

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const traits = traitsOf(context);
    if (context.getType() !== 'http' || traits.skipped) return next.handle();
    const scope = scopeOf(context);
    const loaded = scope.preload(this.binding);
    if (traits.eventStream) scope.holdFirstByte(loaded);
    await loaded;
    return runInScope(scope, () => this.#handle(traits, scope, next));
  }

  #handle({ answersByHand, eventStream }: HandlerTraits, scope: RequestScope, next: CallHandler): Observable<unknown> {
    const answer = next.handle();
    // These go on after the handler has returned, so the gate commits, at their first byte.
    if (eventStream || answersByHand) return answer;
    return savedAfter(answer, scope);
  }
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
      complete: () => scope.save().then(send, (error) => subscriber.error(error)),
    });
  });
}
