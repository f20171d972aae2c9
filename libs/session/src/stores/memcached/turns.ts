import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds. Longer than a row of writes takes, shorter than a request's patience. */
const PATIENCE = 50;

/**
 * Writes of one session take turns within this process, so that they do not make each other's compare-and-set fail. It
 * is politeness, not a lock: whoever has waited long enough goes ahead, and a call that never ends holds up nobody.
 */
export class Turns {
  /** Session id → the end of its queue. */
  readonly #ends = new Map<string, Promise<unknown>>();

  async take<T>(id: string, work: () => Promise<T>): Promise<T> {
    const before = this.#ends.get(id);
    const mine = before ? waitFor(before).then(work) : work();
    this.#ends.set(id, mine);
    try {
      return await mine;
    } finally {
      if (this.#ends.get(id) === mine) this.#ends.delete(id);
    }
  }
}

async function waitFor(turn: Promise<unknown>): Promise<void> {
  const patience = new AbortController();
  const { signal } = patience;
  const settled = turn.then(
    () => {},
    () => {},
  );
  const tired = sleep(PATIENCE, undefined, { ref: false, signal }).catch(() => {});
  await Promise.race([settled, tired]);
  patience.abort();
}
