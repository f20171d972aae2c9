import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { type Token, tokenOf } from './token.js';

/**
 * What is derived from an old id and the application's own key: all requests with the old cookie come to the same, and
 * nobody else does, not even who knows the secret of the old library. One HMAC for each purpose, which is part of what
 * goes in.
 */
export class MoveKeys {
  readonly #keys: readonly KeyObject[];

  constructor(
    private readonly name: string,
    private readonly kind: string,
    keys: readonly string[],
  ) {
    this.#keys = keys.map((key) => createSecretKey(key, 'utf8'));
  }

  /** The ids of a note, one for each key. Notes are written under the first, and found under all. */
  notes(purpose: 'claim' | 'user', of: string): readonly string[] {
    return this.#keys.map((key) => tokenOf(this.#derive(key, purpose, of)).id);
  }

  /** The token of a session that is moved. `nth`: of the key of its claim. */
  token(nth: number, attempt: number, oldId: string): Token {
    return tokenOf(this.#derive(this.#keys[nth]!, `session ${attempt}`, oldId));
  }

  #derive(key: KeyObject, purpose: string, of: string): Buffer {
    const context = `nest-sessions move v1\n${this.name}\n${this.kind}\n${purpose}\n`;
    return createHmac('sha512', key).update(context).update(of).digest();
  }
}
