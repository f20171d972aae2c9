/** Milliseconds: as long as a store call may take by default. Whoever waits longer has been given up already. */
const PATIENCE = 1_000;

/** How a turn came: nobody was before, the one before has ended, or it has not and patience is at an end. */
export type Turn = 'free' | 'waited' | 'impatient';

const FREE: Promise<Turn> = Promise.resolve('free');

/**
 * Work on the same key takes turns within this process, so that it does not make each other's compare-and-set fail. It
 * is politeness, not a lock: whoever has waited long enough goes ahead, so work that never ends is waited for once.
 */
export class Turns<K = string> {
  /** Key → the end of its queue. */
  readonly #ends = new Map<K, Promise<unknown>>();

  /** `patience`: milliseconds. */
  async take<T>(key: K, work: (turn: Turn) => Promise<T>, patience = PATIENCE): Promise<T> {
    const before = this.#ends.get(key);
    // Also the first begins a moment later: by then it is in the queue, for whoever it makes come back.
    const mine = (before ? endOf(before, patience) : FREE).then(work);
    this.#ends.set(key, mine);
    try {
      return await mine;
    } finally {
      if (this.#ends.get(key) === mine) this.#ends.delete(key);
    }
  }
}

/** Resolves when the work has ended, however it did, or has taken too long. */
function endOf(work: Promise<unknown>, patience: number): Promise<Turn> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve('impatient'), Math.max(0, patience)).unref();
    const end = (): void => {
      clearTimeout(timer);
      resolve('waited');
    };
    work.then(end, end);
  });
}
