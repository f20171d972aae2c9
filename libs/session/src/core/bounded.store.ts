import type { Breaker } from './breaker.js';
import { Deadlines } from './deadlines.js';
import {
  SessionError,
  SessionStoreFullError,
  SessionStoreTimeoutError,
  SessionStoreUnavailableError,
} from './errors.js';
import type { SessionRecord } from './record.js';
import type { Expectation, SessionChange, SessionStore, UpdateResult } from './store.js';

/** The time that all the session work of one request may take together. Milliseconds. */
export class Budget {
  /** A call failed: an answer of 503 is for that reason. */
  storeFailed = false;

  constructor(public left: number) {}
}

/**
 * A store whose calls always come to an end: each is bounded by `storeTimeout` and by what is left of the request's
 * budget, and a store that keeps failing is left alone for a while. Without this a request hangs for as long as the
 * driver likes; pg and ioredis queue without limit by default.
 */
export class BoundedStore {
  readonly #deadlines = new Deadlines();

  constructor(
    private readonly store: SessionStore,
    private readonly timeout: number,
    private readonly breaker: Breaker,
    private readonly onFailure: (verb: string, error: Error) => void,
  ) {}

  create(record: SessionRecord, budget: Budget): Promise<boolean> {
    return this.call('create', budget, () => this.store.create(record));
  }

  async read(id: string, now: number, budget: Budget): Promise<SessionRecord | undefined> {
    const record = await this.call('read', budget, () => this.store.read(id, now));
    // A record that is not the one asked for is a driver's mix-up (CVE-2023-28858): nobody may see it.
    if (record && record.id !== id) {
      throw new SessionStoreUnavailableError('The session store answered with another record.');
    }
    return record;
  }

  update(id: string, change: SessionChange, now: number, budget: Budget): Promise<UpdateResult> {
    return this.call('update', budget, () => this.store.update(id, change, now));
  }

  touch(id: string, expiresAt: number, now: number, expect: Expectation, budget: Budget): Promise<UpdateResult> {
    return this.call('touch', budget, () => this.store.touch(id, expiresAt, now, expect));
  }

  delete(id: string, expect: Expectation | undefined, budget: Budget): Promise<boolean> {
    return this.call('delete', budget, () => this.store.delete(id, expect));
  }

  /** Any other call to the store, under the same bounds. Whatever goes wrong comes out as a typed 503. */
  async call<T>(verb: string, budget: Budget, work: () => Promise<T>): Promise<T> {
    if (budget.left <= 0) throw this.#failed(verb, budget, new SessionStoreTimeoutError(0));
    const refusal = this.breaker.refusal();
    if (refusal) {
      budget.storeFailed = true;
      throw refusal;
    }
    const startedAt = performance.now();
    try {
      const result = await this.#deadlines.within(Math.min(this.timeout, budget.left), work);
      this.breaker.succeeded();
      return result;
    } catch (cause) {
      throw this.#failed(verb, budget, cause);
    } finally {
      budget.left -= performance.now() - startedAt;
    }
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
