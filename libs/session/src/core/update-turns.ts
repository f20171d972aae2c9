import { setTimeout as sleep } from 'node:timers/promises';
import type { Draft } from './draft.js';
import { SessionStoreTimeoutError } from './errors.js';

/** Updates of one session within this process take turns: each sees what the one before has made. */
export class UpdateTurns {
  /** Session id, or the draft of a session that nobody else can update → the end of the queue of its updates. */
  readonly #turns = new Map<string | Draft, Promise<void>>();

  /** Milliseconds. */
  constructor(private readonly requestBudget: number) {}

  async take<T>(of: string | Draft, draft: Draft, work: (waited: boolean) => Promise<T>): Promise<T> {
    const before = this.#turns.get(of);
    const { promise: after, resolve: done } = withResolvers();
    this.#turns.set(of, after);
    try {
      if (before) await this.#await(before, draft);
      return await work(before !== undefined);
    } finally {
      done();
      if (this.#turns.get(of) === after) this.#turns.delete(of);
    }
  }

  /** The update of a session that nobody else can write to: the field changes in the draft, and is saved with it. */
  inMemory(draft: Draft, name: string, change: (value: unknown) => unknown): Promise<unknown> {
    return this.take(draft, draft, async () => {
      const value = await change(draft.fields.get(name));
      // The first byte may have left while the function was at work.
      draft.writing();
      if (value === undefined) draft.fields.delete(name);
      else draft.fields.set(name, value);
      return value;
    });
  }

  /** Waits for the one before, whose function may take for ever: no longer than this request may. */
  async #await(before: Promise<void>, { budget }: Draft): Promise<void> {
    const startedAt = performance.now();
    const timeout = new AbortController();
    const tooLong = sleep(Math.max(0, budget.left), 'too long', { signal: timeout.signal }).catch(() => undefined);
    const outcome = await Promise.race([before, tooLong]);
    timeout.abort();
    budget.left -= performance.now() - startedAt;
    if (outcome === 'too long') throw new SessionStoreTimeoutError(this.requestBudget);
  }
}

/** Promise.withResolvers, which Node 20 lacks. */
function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
}
