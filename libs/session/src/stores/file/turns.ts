/**
 * Work on the same key takes turns within this process. Nothing depends on it but speed: writers that meet would be told
 * apart by the file system, and all but one would have written for nothing.
 */
export class Turns {
  /** Key → the end of its queue. */
  readonly #ends = new Map<string, Promise<unknown>>();

  async take<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#ends.get(key);
    const mine = before ? before.then(work, work) : work();
    this.#ends.set(key, mine);
    try {
      return await mine;
    } finally {
      if (this.#ends.get(key) === mine) this.#ends.delete(key);
    }
  }
}
