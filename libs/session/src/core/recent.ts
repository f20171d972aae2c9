/** What an entry takes beside its text, roughly. Characters. */
const OVERHEAD = 100;

interface Entry<T> {
  readonly meaning: T;
  readonly size: number;
}

/**
 * What was worked out from texts a moment ago: browsers come in bursts, and the same text means the same again. Bounded by
 * the characters of the texts. When the younger half is full it becomes the older one, and what was in that is forgotten.
 */
export class Recent<T> {
  #younger = new Map<string, Entry<T>>();
  #older: ReadonlyMap<string, Entry<T>> = new Map();
  #size = 0;
  readonly #half: number;

  constructor(characters: number) {
    this.#half = characters / 2;
  }

  get(text: string): T | undefined {
    const younger = this.#younger.get(text);
    if (younger) return younger.meaning;
    const older = this.#older.get(text);
    if (older) this.#keep(text, older);
    return older?.meaning;
  }

  /** `characters`: of what it means, where that can be much longer than the text. */
  keep(text: string, meaning: T, characters = text.length): void {
    const size = characters + OVERHEAD;
    // One that large would make it forget all others; and UTF-8 would change a text that is not well formed.
    if (size <= this.#half / 10 && text.isWellFormed()) this.#keep(text, { meaning, size });
  }

  #keep(text: string, entry: Entry<T>): void {
    if (this.#size + entry.size > this.#half) {
      this.#older = this.#younger;
      this.#younger = new Map();
      this.#size = 0;
    }
    // Texts are slices of what a client or a store has sent, and V8 would keep all of that as long as a part of it.
    this.#younger.set(Buffer.from(text).toString(), entry);
    this.#size += entry.size;
  }
}
