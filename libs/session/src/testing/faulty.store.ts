import type { SessionStore } from '../core/store.js';

export type Verb = 'create' | 'read' | 'update' | 'touch' | 'delete';

/** What to do with a call before, or instead of, passing it on. May wait, may throw. */
export type Fault = (verb: Verb, args: readonly unknown[]) => unknown;

/**
 * Stands in front of a store, counts the calls, and does to them what a test asks for: `faults.fault = () => { throw
 * new Error('down') }`. Everything else the store can do is passed on as it is.
 */
export class FaultySessionStore {
  /** Calls so far, by verb. */
  readonly calls: Record<Verb, number> = { create: 0, read: 0, update: 0, touch: 0, delete: 0 };
  fault: Fault | undefined;

  /** `store` is what to give to `SessionModule`; it has every capability of the one behind it. */
  readonly store: SessionStore;

  constructor(inner: SessionStore) {
    this.store = new Proxy(inner, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        // Errors and warnings name a store by its class.
        if (typeof value !== 'function' || name === 'constructor') return value;
        const method = value.bind(target) as (...args: unknown[]) => unknown;
        return Object.hasOwn(this.calls, name)
          ? (...args: unknown[]) => this.#call(name as Verb, args, method)
          : method;
      },
    });
  }

  get total(): number {
    return Object.values(this.calls).reduce((sum, count) => sum + count, 0);
  }

  reset(): void {
    for (const verb of Object.keys(this.calls) as Verb[]) this.calls[verb] = 0;
    this.fault = undefined;
  }

  /** Holds every call of a verb until the returned function is called. `reached` resolves when one has arrived. */
  hold(verb: Verb): { release: () => void; reached: Promise<void> } {
    let release = (): void => {};
    let arrive = (): void => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    const reached = new Promise<void>((resolve) => (arrive = resolve));
    this.fault = async (called) => {
      if (called !== verb) return;
      arrive();
      await released;
    };
    return { release, reached };
  }

  async #call(verb: Verb, args: readonly unknown[], method: (...args: unknown[]) => unknown): Promise<unknown> {
    this.calls[verb]++;
    await this.fault?.(verb, args);
    return method(...args);
  }
}
