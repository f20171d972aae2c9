import { randomBytes } from 'node:crypto';
import { decode, encode } from './codec.js';
import { META } from './record.js';
import type { TextChanges } from './store.js';
import { applyChanges, NO_CHANGES, NO_TEXTS, sizeOf } from './texts.js';

/**
 * Messages that are read once. Each is an entry of its own in the record's `meta`, so two requests that add one each
 * lose none, and no field name is taken from the application.
 */
export class Flashes {
  #stored: ReadonlyMap<string, string>;
  readonly #changes = new Map<string, string | null>();
  /** What was last given to a commit. */
  #inFlight: TextChanges = NO_CHANGES;
  #count = 0;
  /** What this request took, in case it wants to keep it. */
  readonly #taken = new Map<string, string>();

  readonly #onCorrupt: (name: string, error: unknown) => void;

  constructor(
    meta: ReadonlyMap<string, string> = NO_TEXTS,
    onCorrupt: (name: string, error: unknown) => void = () => {},
  ) {
    this.#stored = meta.size === 0 ? NO_TEXTS : new Map([...meta].filter(([name]) => name.startsWith(META.flash)));
    this.#onCorrupt = onCorrupt;
  }

  get isChanged(): boolean {
    return this.#changes.size > 0;
  }

  /** What is to change in the record's `meta`. */
  pending(): TextChanges {
    this.#inFlight = this.isChanged ? new Map(this.#changes) : NO_CHANGES;
    return this.#inFlight;
  }

  add(key: string, value: unknown, now: number): void {
    const text = encode([key, value], `flash ${key}`);
    this.#changes.set(META.flash + this.#order(now), text);
  }

  /** The messages under a key, oldest first. They go at commit. */
  take(key: string): unknown[] {
    const values: unknown[] = [];
    for (const [name, text] of this.#present()) {
      const message = this.#decode(name, text);
      if (message?.[0] !== key) continue;
      const [, value] = message;
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

  /** All messages as this request sees them now. */
  texts(): ReadonlyMap<string, string> {
    return applyChanges(this.#stored, this.#changes);
  }

  storedSize(): number {
    return sizeOf(this.#stored);
  }

  /** The store has these changes now. */
  accept(changes: TextChanges): void {
    this.#stored = applyChanges(this.#stored, changes);
    this.#inFlight = NO_CHANGES;
    for (const [name, text] of this.#changes) if (this.#isStored(name, text)) this.#changes.delete(name);
  }

  #put(name: string, text: string | null): void {
    if (!this.#inFlight.has(name) && this.#isStored(name, text)) this.#changes.delete(name);
    else this.#changes.set(name, text);
  }

  #isStored(name: string, text: string | null): boolean {
    return (this.#stored.get(name) ?? null) === text;
  }

  #present(): [string, string][] {
    return [...this.texts()].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** One that cannot be read is passed over. */
  #decode(name: string, text: string): [string, unknown] | undefined {
    try {
      return decode(text) as [string, unknown];
    } catch (error) {
      this.#onCorrupt(name, error);
      return undefined;
    }
  }

  /** Sorts by time of writing; the tail keeps messages of the same millisecond, from two requests too, apart. */
  #order(now: number): string {
    const time = now.toString(36).padStart(9, '0');
    const count = (this.#count++).toString(36).padStart(3, '0');
    return `${time}.${count}.${randomBytes(3).toString('hex')}`;
  }
}
