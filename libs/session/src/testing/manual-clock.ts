import type { Clock } from '../core/clock.js';

/** A clock that stands still until it is moved. Pass it as `SESSION_CLOCK`. */
export class ManualClock implements Clock {
  #now: number;

  /** `now`: epoch milliseconds. @default the machine's time */
  constructor(now = Date.now()) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  /** Moves on by so many milliseconds; back, if negative. */
  advance(milliseconds: number): void {
    this.#now += milliseconds;
  }

  set(now: number): void {
    this.#now = now;
  }
}
