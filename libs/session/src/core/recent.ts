/** What an entry takes beside its text, roughly. Characters. */
const OVERHEAD = 100;
/** How many texts are recognized when they come again: not many more than are kept. */
const RECOGNIZED = 2_000;
/** How many characters of a text are looked at to recognize it, at least if it has as many. */
const LOOKED_AT = 32;

interface Entry<T> {
  readonly text: string;
  readonly meaning: T;
  readonly size: number;
}

/**
 * What was worked out from texts a moment ago: browsers come in bursts, and the same text means the same again. Bounded by
 * the characters of the texts. When the younger half is full it becomes the older one, and what was in that is forgotten.
 *
 * Only a text that comes for the second time is kept: where many people come once each, keeping would cost more than it
 * brings.
 */
export class Recent<T> {
  /**
   * By their signs: to find a text by itself, all of it would have to be hashed. So this is done only for those whose sign
   * is another's already.
   */
  #younger: Entries<T> = new Map();
  #older: Entries<T> = new Map();
  #size = 0;
  readonly #half: number;
  /** The signs of texts that came, forgotten in the same way. */
  #cameLately = new Set<number>();
  #cameBefore: ReadonlySet<number> = new Set();

  constructor(characters: number) {
    this.#half = characters / 2;
  }

  get(text: string): T | undefined {
    const sign = signOf(text);
    const younger = entryOf(this.#younger, sign, text);
    if (younger) return younger.meaning;
    const older = entryOf(this.#older, sign, text);
    if (older) this.#keep(sign, older);
    return older?.meaning;
  }

  /** `characters`: of what it means, where that can be much longer than the text. */
  keep(text: string, meaning: T, characters = text.length): void {
    const sign = signOf(text);
    if (!this.#hasCome(sign)) {
      this.#note(sign);
      return;
    }
    const size = characters + OVERHEAD;
    // One that large would make it forget all others; and UTF-8 would change a text that is not well formed.
    if (size > this.#half / 10 || !text.isWellFormed()) return;
    // Texts are slices of what a client or a store has sent, and V8 would keep all of that as long as a part of it.
    this.#keep(sign, { text: Buffer.from(text).toString(), meaning, size });
  }

  #hasCome(sign: number): boolean {
    return this.#cameLately.has(sign) || this.#cameBefore.has(sign);
  }

  #note(sign: number): void {
    if (this.#cameLately.size >= RECOGNIZED / 2) {
      this.#cameBefore = this.#cameLately;
      this.#cameLately = new Set();
    }
    this.#cameLately.add(sign);
  }

  #keep(sign: number, entry: Entry<T>): void {
    if (this.#size + entry.size > this.#half) {
      this.#older = this.#younger;
      this.#younger = new Map();
      this.#size = 0;
    }
    const present = this.#younger.get(sign);
    const key = present && present.text !== entry.text ? entry.text : sign;
    this.#size += entry.size - (this.#younger.get(key)?.size ?? 0);
    this.#younger.set(key, entry);
  }
}

type Entries<T> = Map<number | string, Entry<T>>;

function entryOf<T>(entries: Entries<T>, sign: number, text: string): Entry<T> | undefined {
  const entry = entries.get(sign);
  return entry === undefined || entry.text === text ? entry : entries.get(text);
}

/** A number that texts seldom share: FNV-1a of the length and of some characters. */
function signOf(text: string): number {
  const { length } = text;
  const step = Math.max(1, Math.floor(length / LOOKED_AT));
  let sign = length;
  for (let at = 0; at < length; at += step) sign = Math.imul(sign ^ text.charCodeAt(at), 0x01000193);
  return sign;
}
