/** The saves that the store has not answered yet. An application that closes waits for them. */
export class PendingSaves {
  readonly #pending = new Set<Promise<void>>();

  add(save: Promise<void>): Promise<void> {
    const forget = (): boolean => this.#pending.delete(save);
    this.#pending.add(save);
    save.then(forget, forget);
    return save;
  }

  /** Resolves once there are none. Never rejects: how a save went is told to whoever asked for it. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending);
  }
}
