import { SessionStoreTimeoutError } from './errors.js';

/** How much later than asked a deadline may be noticed. Milliseconds. */
const TICK = 20;

interface Wait {
  readonly milliseconds: number;
  readonly endsAt: number;
  readonly reject: (error: Error) => void;
}

/**
 * Deadlines for calls that nearly always keep them. All share one timer, which runs only while somebody waits: one for
 * each call would cost more than a call to a store in memory.
 */
export class Deadlines {
  readonly #waits = new Set<Wait>();
  #timer: NodeJS.Timeout | undefined;

  /**
   * Rejects if the work takes longer. The work itself is not stopped, no driver can be relied on for that: it may still
   * take effect, which is safe because every write is conditional.
   */
  within<T>(milliseconds: number, work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const pending = work();
      const wait: Wait = { milliseconds, endsAt: performance.now() + milliseconds, reject };
      this.#waits.add(wait);
      if (!this.#timer) this.#lookLater();
      pending.then(
        (result) => {
          this.#waits.delete(wait);
          resolve(result);
        },
        (error: unknown) => {
          this.#waits.delete(wait);
          reject(error as Error);
        },
      );
    });
  }

  readonly #look = (): void => {
    const now = performance.now();
    for (const wait of this.#waits) {
      if (wait.endsAt > now) continue;
      this.#waits.delete(wait);
      wait.reject(new SessionStoreTimeoutError(wait.milliseconds));
    }
    this.#timer = undefined;
    if (this.#waits.size > 0) this.#lookLater();
  };

  /** After the answers that have come by then: a process that was busy has not read them, which is not the store's fault. */
  #lookLater(): void {
    this.#timer = setTimeout(() => setImmediate(this.#look), TICK);
  }
}
