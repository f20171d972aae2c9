/** Milliseconds: as long as a store call may take by default. Whoever waits longer has been given up already. */
const PATIENCE = 1_000;

/**
 * Writes of one session take turns within this process, so that they do not make each other's compare-and-set fail. It
 * is politeness, not a lock: whoever has waited long enough goes ahead, so a call that never ends is waited for once.
 */
export class Turns {
  /** Session id → the end of its queue. */
  readonly #ends = new Map<string, Promise<unknown>>();

  async take<T>(id: string, work: () => Promise<T>): Promise<T> {
    const before = this.#ends.get(id);
    const mine = before ? endOf(before).then(work) : work();
    this.#ends.set(id, mine);
    try {
      return await mine;
    } finally {
      if (this.#ends.get(id) === mine) this.#ends.delete(id);
    }
  }
}

/** Resolves when the turn has ended, however it did, or has taken too long. */
function endOf(turn: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, PATIENCE).unref();
    const end = (): void => {
      clearTimeout(timer);
      resolve();
    };
    turn.then(end, end);
  });
}
