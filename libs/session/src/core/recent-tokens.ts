import { hashSecret, type ParsedToken, type TokenFault } from './token.js';

/** A token whose signature is good, and what the record of its session has to hold for it to open. */
export interface VerifiedToken extends ParsedToken {
  readonly secretHash: string;
}

/** At about a kilobyte each. */
const KEPT = 1_000;

/**
 * Tokens that were verified a moment ago: browsers come in bursts, and the signature of a text does not change. Whether
 * a session is still there and still has this secret is asked of the store every time all the same.
 */
export class RecentTokens {
  /** When the younger half is full it becomes the older one, and what was in that is forgotten. */
  #younger = new Map<string, VerifiedToken>();
  #older: ReadonlyMap<string, VerifiedToken> = new Map();

  constructor(private readonly parse: (text: unknown) => ParsedToken | TokenFault) {}

  verify(text: unknown): VerifiedToken | TokenFault {
    if (typeof text !== 'string') return 'malformed';
    const recent = this.#younger.get(text);
    if (recent) return recent;
    // Texts are slices of what the client has sent, and V8 would keep all of that as long as a part of it.
    const own = Buffer.from(text).toString();
    const token = this.#older.get(own) ?? this.#verify(own);
    if (typeof token !== 'string') this.#keep(own, token);
    return token;
  }

  #verify(text: string): VerifiedToken | TokenFault {
    const token = this.parse(text);
    return typeof token === 'string' ? token : { ...token, secretHash: hashSecret(token.secret) };
  }

  #keep(text: string, token: VerifiedToken): void {
    if (this.#younger.size >= KEPT / 2) {
      this.#older = this.#younger;
      this.#younger = new Map();
    }
    this.#younger.set(text, token);
  }
}
