import type { Clock } from './clock.js';
import { SessionStoreUnavailableError } from './errors.js';

/** Failures in a row after which a store is left alone, and for how long before one call may try again. */
const THRESHOLD = 5;
const PAUSE = 1_000;

/**
 * A circuit breaker: while a store is down, requests are refused at once instead of each waiting for a deadline.
 *
 * Our own, at forty lines, because the well-known libraries read the wall clock themselves, which a test cannot move.
 */
export class Breaker {
  #failures = 0;
  #retryAt = 0;

  constructor(private readonly clock: Clock) {}

  /** Why a call may not go out now, or `undefined`. After the pause it lets one call through to find out. */
  refusal(): SessionStoreUnavailableError | undefined {
    if (this.#failures < THRESHOLD) return undefined;
    const now = this.clock.now();
    // A clock set back must not keep the breaker open for longer than the pause.
    if (now >= this.#retryAt || now < this.#retryAt - PAUSE) {
      this.#retryAt = now + PAUSE;
      return undefined;
    }
    return new SessionStoreUnavailableError(
      `The session store failed ${this.#failures} times in a row and is left alone for a moment. Try again shortly.`,
    );
  }

  succeeded(): void {
    this.#failures = 0;
  }

  failed(): void {
    this.#failures++;
    if (this.#failures >= THRESHOLD) this.#retryAt = this.clock.now() + PAUSE;
  }
}
