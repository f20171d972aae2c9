import type { Budget } from './bounded.store.js';
import type { Breaker } from './breaker.js';
import { Deadlines, type Wait } from './deadlines.js';
import {
  SessionError,
  SessionStoreFullError,
  SessionStoreTimeoutError,
  SessionStoreUnavailableError,
} from './errors.js';

/** Calls to one engine: bounded by `storeTimeout` and by the request's budget, behind a breaker. */
export class BoundedCalls {
  readonly #deadlines = new Deadlines();

  constructor(
    private readonly timeout: number,
    private readonly breaker: Breaker,
    private readonly onFailure: (verb: string, error: Error) => void,
  ) {}

  /** Whatever goes wrong comes out as a typed 503. `faultOf`: what is wrong with an answer that cannot be right. */
  call<T>(
    verb: string,
    budget: Budget,
    work: () => Promise<T>,
    faultOf: (result: T) => Error | undefined = () => undefined,
  ): Promise<T> {
    const refusal = this.#refusal(verb, budget);
    if (refusal) return Promise.reject(refusal);
    // One promise for all of it: every request makes one of these calls, and waits for each step of it.
    return new Promise((resolve, reject) => {
      const fail = (cause: unknown): void => {
        reject(this.#failed(verb, budget, cause));
        spend(wait, budget);
      };
      const wait = this.#deadlines.begin(Math.min(this.timeout, budget.left), fail);
      const answer = (result: T): void => {
        if (wait.isOver) return;
        const fault = faultOf(result);
        if (fault) return fail(fault);
        spend(wait, budget);
        this.breaker.succeeded();
        resolve(result);
      };
      try {
        work().then(answer, (cause: unknown) => {
          if (!wait.isOver) fail(cause);
        });
      } catch (cause) {
        fail(cause);
      }
    });
  }

  /** Why nothing is asked of the store at all. */
  #refusal(verb: string, budget: Budget): Error | undefined {
    if (budget.left <= 0) return this.#failed(verb, budget, new SessionStoreTimeoutError(0));
    const refusal = this.breaker.refusal();
    if (refusal) budget.storeFailed = true;
    return refusal;
  }

  #failed(verb: string, budget: Budget, cause: unknown): Error {
    // What the store says of the data is no failure of the store.
    if (cause instanceof SessionError && !(cause instanceof SessionStoreUnavailableError)) return this.#answered(cause);
    const error =
      cause instanceof SessionStoreUnavailableError ? cause : new SessionStoreUnavailableError(undefined, { cause });
    budget.storeFailed = true;
    this.onFailure(verb, error);
    if (error instanceof SessionStoreFullError) return this.#answered(error);
    // A request that used up its budget says nothing about the store.
    if (!(error instanceof SessionStoreTimeoutError && budget.left < this.timeout)) this.breaker.failed();
    return error;
  }

  #answered(error: Error): Error {
    this.breaker.succeeded();
    return error;
  }
}

function spend(wait: Wait, budget: Budget): void {
  wait.leave();
  budget.left -= performance.now() - wait.startedAt;
}
