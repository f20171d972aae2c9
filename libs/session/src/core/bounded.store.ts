import { BoundedCalls } from './bounded.calls.js';
import type { Breaker } from './breaker.js';
import { SessionStoreUnavailableError } from './errors.js';
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
export class BoundedStore extends BoundedCalls {
  constructor(
    private readonly store: SessionStore,
    timeout: number,
    breaker: Breaker,
    onFailure: (verb: string, error: Error) => void,
  ) {
    super(timeout, breaker, onFailure);
  }

  create(record: SessionRecord, budget: Budget): Promise<boolean> {
    return this.call('create', budget, () => this.store.create(record));
  }

  read(id: string, now: number, budget: Budget): Promise<SessionRecord | undefined> {
    return this.call(
      'read',
      budget,
      () => this.store.read(id, now),
      (record) => (record && record.id !== id ? mixedUp() : undefined),
    );
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
}

/** Somebody else's record is a driver's mix-up (CVE-2023-28858): nobody may see it. */
function mixedUp(): Error {
  return new SessionStoreUnavailableError('The session store answered with another record.');
}
