/** A point in a handler at which a test holds it. */
export class Barrier {
  #arrive = (): void => {};
  #release = (): void => {};
  #released = Promise.resolve();
  /** Resolves when a handler has come to the barrier. */
  reached = Promise.resolve();

  /** From here on handlers wait, until `open`. */
  close(): void {
    this.reached = new Promise((resolve) => (this.#arrive = resolve));
    this.#released = new Promise((resolve) => (this.#release = resolve));
  }

  open(): void {
    this.#release();
  }

  /** For the handler. */
  pass(): Promise<void> {
    this.#arrive();
    return this.#released;
  }
}
