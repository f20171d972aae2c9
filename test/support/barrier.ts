/** Holds whoever passes until it is opened. */
export class Barrier {
  #count = 0;
  #isOpen = false;
  readonly #inside: (() => void)[] = [];
  readonly #watching: { count: number; tell: () => void }[] = [];

  pass(): Promise<void> {
    this.#count++;
    for (const { count, tell } of this.#watching) if (this.#count >= count) tell();
    return this.#isOpen ? Promise.resolve() : new Promise((go) => this.#inside.push(go));
  }

  /** Resolves once so many have arrived. */
  arrived(count: number): Promise<void> {
    return this.#count >= count ? Promise.resolve() : new Promise((tell) => this.#watching.push({ count, tell }));
  }

  open(): void {
    this.#isOpen = true;
    for (const go of this.#inside.splice(0)) go();
  }
}
