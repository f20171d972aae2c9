/** Ends are told apart to this many milliseconds: a bucket is due once all of it has passed. */
const BUCKET = 1_000;
/** Ids that are gone and may wait all the same: looking for them costs a visit of all. */
const SLACK = 1_024;

/**
 * Finds what has expired without looking at what has not. Ids wait in buckets by the end that was known when they were
 * added. A later end is not recorded: when the old one comes up, the id moves to the bucket of its end as it is then.
 * So a session is looked at once per idle period, however often it is touched.
 */
export class ExpiryQueue {
  readonly #buckets = new Map<number, Set<string>>();
  /** The bucket to look at next. */
  #cursor = Infinity;
  /** How many ids wait, those that are gone included. */
  #waiting = 0;

  /** `endOf`: the current end of an id, or `undefined` once it is gone. Epoch milliseconds. */
  constructor(private readonly endOf: (id: string) => number | undefined) {}

  add(id: string, expiresAt: number): void {
    const bucket = Math.floor(expiresAt / BUCKET);
    const ids = this.#buckets.get(bucket) ?? new Set();
    this.#buckets.set(bucket, ids);
    this.#cursor = Math.min(this.#cursor, bucket);
    if (ids.has(id)) return;
    ids.add(id);
    this.#waiting++;
  }

  /** Lets go of ids that are gone, once they are most of what waits for `live` of them. */
  compact(live: number): void {
    if (this.#waiting <= 2 * live + SLACK) return;
    for (const [bucket, ids] of this.#buckets) {
      for (const id of ids) if (this.endOf(id) === undefined) this.#drop(bucket, ids, id);
    }
  }

  /** Takes out up to `limit` ids that have expired. */
  take(now: number, limit: number): string[] {
    const expired: string[] = [];
    const current = Math.floor(now / BUCKET);
    for (const bucket of this.#due(current)) {
      this.#cursor = bucket;
      this.#drain(bucket, now, limit, expired);
      if (expired.length >= limit) return expired;
    }
    if (this.#cursor < current) this.#cursor = current;
    return expired;
  }

  #drain(bucket: number, now: number, limit: number, expired: string[]): void {
    const ids = this.#buckets.get(bucket);
    for (const id of ids ?? []) {
      const end = this.endOf(id);
      if (end !== undefined && end > now && Math.floor(end / BUCKET) === bucket) continue; // later in this very second
      if (expired.length >= limit) return;
      this.#drop(bucket, ids!, id);
      if (end === undefined) continue;
      if (end > now) this.add(id, end);
      else expired.push(id);
    }
  }

  #drop(bucket: number, ids: Set<string>, id: string): void {
    ids.delete(id);
    this.#waiting--;
    if (ids.size === 0) this.#buckets.delete(bucket);
  }

  /** The buckets up to this one, oldest first. */
  #due(current: number): number[] {
    const span = current - this.#cursor;
    // As many steps as seconds since the last visit; after a long pause, as many as there are buckets.
    if (span > this.#buckets.size)
      return [...this.#buckets.keys()].filter((bucket) => bucket <= current).sort(ascending);
    const due: number[] = [];
    for (let bucket = this.#cursor; bucket <= current; bucket++) if (this.#buckets.has(bucket)) due.push(bucket);
    return due;
  }
}

function ascending(a: number, b: number): number {
  return a - b;
}
