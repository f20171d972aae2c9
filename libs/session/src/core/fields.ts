import { decodeToCompare, encode } from './codec.js';
import { InvalidFieldNameError, SessionTooLargeError } from './errors.js';
import { isUnchanged, type Pristine } from './pristine.js';
import type { TextChanges } from './store.js';
import { applyChanges, NO_CHANGES, NO_TEXTS, sizeAfter, sizeOf } from './texts.js';

/** What a request did to the fields: `replace` means that all names not in `changes` go. */
export interface FieldsDelta {
  readonly changes: TextChanges;
  readonly replace: boolean;
  /** How often the fields had been cleared by then. */
  readonly clears: number;
}

/** A value that was decoded or set. The handler holds the same object, and may mutate it. */
interface Live {
  readonly value: unknown;
  /** Where it was read: what from. */
  readonly text?: string;
  /** And what it said then. */
  readonly pristine?: Pristine;
}

/**
 * The fields of one session as one request sees them. A field is decoded when it is first read; what changed is found
 * by comparing the values that were read or set with their texts, so nested mutation needs no announcement, setting
 * an equal value is no change, and a field nobody read costs nothing.
 */
export class Fields {
  #stored: ReadonlyMap<string, string>;
  readonly #live = new Map<string, Live>();
  readonly #removed = new Set<string>();
  #cleared = false;
  #clears = 0;
  readonly #onCorrupt: (name: string, error: unknown) => void;

  constructor(
    stored: ReadonlyMap<string, string> = NO_TEXTS,
    onCorrupt: (name: string, error: unknown) => void = () => {},
  ) {
    this.#stored = stored;
    this.#onCorrupt = onCorrupt;
  }

  get(name: string): unknown {
    const live = this.#live.get(name);
    if (live) return live.value;
    const text = this.#storedText(name);
    if (text === undefined) return undefined;
    try {
      const { pristine, value } = decodeToCompare(text);
      this.#live.set(name, { value, text, pristine });
      return value;
    } catch (error) {
      // Left as it is in the store: whoever wrote it may still be able to read it.
      this.#onCorrupt(name, error);
      return undefined;
    }
  }

  /** Keeps the value itself, not a copy. What could not be stored is refused at once, and changes nothing. */
  set(name: string, value: unknown, limit = Infinity): void {
    checkFieldName(name);
    const size = Buffer.byteLength(encode(value, name));
    if (size > limit) throw new SessionTooLargeError(size, limit);
    this.#live.set(name, { value });
    this.#removed.delete(name);
  }

  has(name: string): boolean {
    return this.#live.has(name) || this.#storedText(name) !== undefined;
  }

  delete(name: string): boolean {
    const had = this.has(name);
    this.#live.delete(name);
    // Also what is not stored yet: it may be on its way.
    this.#removed.add(name);
    return had;
  }

  clear(): void {
    this.#live.clear();
    this.#removed.clear();
    this.#cleared = true;
    this.#clears++;
  }

  keys(): string[] {
    const stored = [...this.#stored.keys()].filter((name) => this.#storedText(name) !== undefined);
    return [...new Set([...stored, ...this.#live.keys()])];
  }

  /** The text the store is believed to hold, whatever was changed since. */
  storedText(name: string): string | undefined {
    return this.#stored.get(name);
  }

  /** Whether the field differs from what the store is believed to hold. */
  isChanged(name: string): boolean {
    if (this.#cleared || this.#removed.has(name)) return true;
    const live = this.#live.get(name);
    return live !== undefined && this.#changedText(name, live) !== undefined;
  }

  delta(): FieldsDelta | undefined {
    let changes: Map<string, string | null> | undefined;
    for (const [name, live] of this.#live) {
      const text = this.#cleared ? encode(live.value, name) : this.#changedText(name, live);
      if (text !== undefined) (changes ??= new Map()).set(name, text);
    }
    const clears = this.#clears;
    if (this.#cleared) return { changes: changes ?? NO_CHANGES, replace: true, clears };
    for (const name of this.#removed) if (this.#stored.has(name)) (changes ??= new Map()).set(name, null);
    return changes && { changes, replace: false, clears };
  }

  /** All texts as this request sees them now, as what a new record is to hold. */
  snapshot(): FieldsDelta & { changes: ReadonlyMap<string, string> } {
    const delta = this.delta();
    return { changes: delta ? this.merged(delta) : this.#stored, replace: true, clears: this.#clears };
  }

  /** The texts as they will be once the delta is stored. */
  merged({ changes, replace }: Pick<FieldsDelta, 'changes' | 'replace'>): ReadonlyMap<string, string> {
    return applyChanges(replace ? NO_TEXTS : this.#stored, changes);
  }

  /** The bytes that those take. */
  mergedSize({ changes, replace }: Pick<FieldsDelta, 'changes' | 'replace'>): number {
    return sizeAfter(replace ? NO_TEXTS : this.#stored, changes);
  }

  /** What this request itself wrote, as what a new record is to hold. */
  written(): FieldsDelta & { changes: ReadonlyMap<string, string> } {
    const changes = applyChanges(NO_TEXTS, this.delta()?.changes ?? NO_CHANGES);
    return { changes, replace: true, clears: this.#clears };
  }

  storedSize(): number {
    return sizeOf(this.#stored);
  }

  /** The store has acknowledged this delta: what is changed from here on is a new one. */
  accept(delta: FieldsDelta): void {
    this.#stored = this.merged(delta);
    for (const name of this.#removed) if (!this.#stored.has(name)) this.#removed.delete(name);
    // A clear() since then is still to be stored.
    if (delta.replace && delta.clears === this.#clears) this.#cleared = false;
  }

  /** The store holds this for one field now. A value that was read from an older text is forgotten. */
  acceptField(name: string, text: string | null, value: unknown): void {
    this.#stored = applyChanges(this.#stored, new Map([[name, text]]));
    this.#removed.delete(name);
    if (text === null) this.#live.delete(name);
    else this.#live.set(name, { value });
  }

  /** The text of a value, if it is not the stored one. */
  #changedText(name: string, { pristine, text: read, value }: Live): string | undefined {
    const stored = this.#stored.get(name);
    if (pristine !== undefined && read === stored && isUnchanged(value, pristine)) return undefined;
    const text = encode(value, name);
    return text === stored ? undefined : text;
  }

  #storedText(name: string): string | undefined {
    return this.#cleared || this.#removed.has(name) ? undefined : this.#stored.get(name);
  }
}

/** Any text is a name, `__proto__` and `constructor` too, but for what no text column can hold. */
export function checkFieldName(name: unknown): void {
  if (typeof name !== 'string') {
    throw new InvalidFieldNameError(`A session field's name must be a string, not ${typeof name}.`);
  }
  if (!name.isWellFormed() || name.includes('\0')) {
    throw new InvalidFieldNameError(
      `The session field name ${JSON.stringify(name)} has NUL or a lone surrogate in it.`,
    );
  }
}
