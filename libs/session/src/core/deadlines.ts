import { SessionStoreTimeoutError } from './errors.js';

/** How much later than asked a deadline may be noticed. Milliseconds. */
const TICK = 20;

/** Something that is waited for. */
export class Wait {
  readonly startedAt = performance.now();
  /** Those that are waited for meanwhile, in a ring, so that one of them can go without the others being looked at. */
  #previous: Wait = this;
  #next: Wait = this;

  constructor(
    readonly milliseconds: number,
    readonly miss: (error: SessionStoreTimeoutError) => void,
  ) {}

  get isOver(): boolean {
    return this.#next === this;
  }

  get next(): Wait {
    return this.#next;
  }

  joinBefore(other: Wait): void {
    this.#previous = other.#previous;
    this.#next = other;
    this.#previous.#next = this;
    other.#previous = this;
  }

  leave(): void {
    this.#previous.#next = this.#next;
    this.#next.#previous = this.#previous;
    this.#previous = this.#next = this;
  }
}

/**
 * Deadlines for calls that nearly always keep them. All share one timer, which runs only while somebody waits: one for
 * each call would cost more than a call to a store in memory.
 */
export class Deadlines {
  /** Stands for the beginning and the end of the ring. */
  readonly #ring = new Wait(Infinity, () => {});
  #timer: NodeJS.Timeout | undefined;

  /**
   * Begins to wait. `miss` is called unless the wait is left by then. What is waited for is not stopped, no driver can be
   * relied on for that: it may still take effect, which is safe because every write is conditional.
   */
  begin(milliseconds: number, miss: Wait['miss']): Wait {
    const wait = new Wait(milliseconds, miss);
    wait.joinBefore(this.#ring);
    if (!this.#timer) this.#lookLater();
    return wait;
  }

  /** Rejects if the work takes longer. */
  within<T>(milliseconds: number, work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const pending = work();
      const wait = this.begin(milliseconds, reject);
      pending.finally(() => wait.leave()).then(resolve, reject);
    });
  }

  readonly #look = (): void => {
    const now = performance.now();
    for (let wait = this.#ring.next; wait !== this.#ring;) {
      const { milliseconds, next, startedAt } = wait;
      if (startedAt + milliseconds <= now) {
        wait.leave();
        wait.miss(new SessionStoreTimeoutError(milliseconds));
      }
      wait = next;
    }
    this.#timer = undefined;
    if (!this.#ring.isOver) this.#lookLater();
  };

  /** After the answers that have come by then: a process that was busy has not read them, which is not the store's fault. */
  #lookLater(): void {
    this.#timer = setTimeout(() => setImmediate(this.#look), TICK);
  }
}
