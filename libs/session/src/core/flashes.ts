import { randomBytes } from 'node:crypto';
import { decode, encode } from './codec.js';
import { META } from './record.js';
import type { TextChanges } from './store.js';
import { applyChanges, NO_TEXTS } from './texts.js';

/**
 * Messages that are read once. Each is an entry of its own in the record's `meta`, so two requests that add one each
 * lose none, and no field name is taken from the application.
 */
export class Flashes {
  #stored: ReadonlyMap<string, string>;
  readonly #changes = new Map<string, string | null>();
  /** What this request took, in case it wants to keep it. */
  readonly #taken = new Map<string, string>();

  constructor(meta: ReadonlyMap<string, string> = NO_TEXTS) {
    this.#stored = meta;
  }

  /** What is to change in the record's `meta`. */
  get changes(): TextChanges {
    return this.#changes;
  }

  add(key: string, value: unknown, now: number): void {
    const text = encode([key, value], `flash ${key}`);
    this.#changes.set(META.flash + this.#order(now), text);
  }

  /** The messages under a key, oldest first. They go at commit. */
  take(key: string): unknown[] {
    const values: unknown[] = [];
    for (const [name, text] of this.#present()) {
      const [at, value] = decode(text) as [string, unknown];
      if (at !== key) continue;
      values.push(value);
      this.#taken.set(name, text);
      this.#put(name, null);
    }
    return values;
  }

  /** Puts back what was taken. */
  keep(): void {
    for (const [name, text] of this.#taken) this.#put(name, text);
    this.#taken.clear();
  }

  /** The store has these changes now. */
  accept(changes: TextChanges): void {
    this.#stored = applyChanges(this.#stored, changes);
    for (const [name, text] of changes) if (this.#changes.get(name) === text) this.#changes.delete(name);
  }

  #put(name: string, text: string | null): void {
    if ((this.#stored.get(name) ?? null) === text) this.#changes.delete(name);
    else this.#changes.set(name, text);
  }

  #present(): [string, string][] {
    return [...applyChanges(this.#stored, this.#changes)]
      .filter(([name]) => name.startsWith(META.flash))
      .sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** Sorts by time of writing; the tail keeps messages of the same millisecond, from two requests too, apart. */
  #order(now: number): string {
    const time = now.toString(36).padStart(9, '0');
    const count = this.#changes.size.toString(36).padStart(3, '0');
    return `${time}.${count}.${randomBytes(3).toString('hex')}`;
  }
}
