import { MAX_DEPTH } from './plain-json.js';

/**
 * Whether a value still says what the JSON text says that it was read from. One walk along both, without making the
 * text anew: requests read more than they change. `false` can also mean that it takes a closer look, by encoding.
 */
export function isUnchanged(value: unknown, text: string): boolean {
  return new Walk(text).isAll(value);
}

const [QUOTE, COMMA, COLON] = [34, 44, 58];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_RECORD, CLOSE_RECORD] = [91, 93, 123, 125];

/** Each method says whether its value is what stands next in the text, and goes past it. */
class Walk {
  #at = 0;
  #depth = 0;
  readonly #text: string;
  readonly #hasEscapes: boolean;

  constructor(text: string) {
    this.#text = text;
    this.#hasEscapes = text.includes('\\');
  }

  isAll(value: unknown): boolean {
    return this.#is(value) && this.#at === this.#text.length;
  }

  #is(value: unknown): boolean {
    switch (typeof value) {
      case 'string':
        return this.#isString(value);
      case 'number':
        // JSON says 0 for -0, and null for what is not finite, which would not be found here either.
        return !Object.is(value, -0) && this.#isWord(String(value));
      case 'boolean':
        return this.#isWord(value ? 'true' : 'false');
      case 'object':
        return value === null ? this.#isWord('null') : this.#isObject(value);
      default:
        return false;
    }
  }

  #isWord(word: string): boolean {
    // Comparing a slice is what the engine does fastest.
    const end = this.#at + word.length;
    if (this.#text.slice(this.#at, end) !== word) return false;
    this.#at = end;
    return true;
  }

  #isCharacter(code: number): boolean {
    return this.#text.charCodeAt(this.#at++) === code;
  }

  /** Without escapes a text ends at the next quote, and has none in it. */
  #isString(value: string): boolean {
    if (this.#hasEscapes) return this.#isWord(JSON.stringify(value));
    if (!this.#isCharacter(QUOTE)) return false;
    const end = this.#at + value.length;
    if (this.#text.indexOf('"', this.#at) !== end || !this.#isWord(value)) return false;
    this.#at++;
    return true;
  }

  /** A text has an end, so a cycle comes to one. */
  #isObject(value: object): boolean {
    if (this.#depth >= MAX_DEPTH || 'toJSON' in value) return false;
    this.#depth++;
    const prototype: unknown = Object.getPrototypeOf(value);
    const same =
      prototype === Object.prototype
        ? this.#isRecord(value as Record<string, unknown>)
        : prototype === Array.prototype && Array.isArray(value) && this.#isArray(value);
    this.#depth--;
    return same;
  }

  /** A hole is `undefined`, which is in no text; what is more than the items has a name. */
  #isArray(array: unknown[]): boolean {
    if (!this.#isCharacter(OPEN_ARRAY) || Object.keys(array).length !== array.length) return false;
    for (let index = 0; index < array.length; index++) {
      if (index > 0 && !this.#isCharacter(COMMA)) return false;
      if (!this.#is(array[index])) return false;
    }
    return this.#isCharacter(CLOSE_ARRAY);
  }

  #isRecord(record: Record<string, unknown>): boolean {
    if (!this.#isCharacter(OPEN_RECORD) || Object.getOwnPropertySymbols(record).length > 0) return false;
    let first = true;
    for (const key of Object.keys(record)) {
      if (!first && !this.#isCharacter(COMMA)) return false;
      first = false;
      if (!this.#isString(key) || !this.#isCharacter(COLON) || !this.#is(record[key])) return false;
    }
    return this.#isCharacter(CLOSE_RECORD);
  }
}
