import { Recent } from './recent.js';
import { hashSecret, type ParsedToken, type TokenFault } from './token.js';

/** A token whose signature is good, and what the record of its session has to hold for it to open. */
export interface VerifiedToken extends ParsedToken {
  readonly secretHash: string;
}

/** A thousand signed tokens, at about a kilobyte each all told. */
const CHARACTERS = 200_000;

/**
 * Tokens that were verified a moment ago: the signature of a text does not change. Whether a session is still there and
 * still has this secret is asked of the store every time all the same.
 */
export class RecentTokens {
  readonly #recent = new Recent<VerifiedToken>(CHARACTERS);

  constructor(private readonly parse: (text: unknown) => ParsedToken | TokenFault) {}

  verify(text: unknown): VerifiedToken | TokenFault {
    if (typeof text !== 'string') return 'malformed';
    return this.#recent.get(text) ?? this.#verify(Buffer.from(text).toString());
  }

  /** `text`: the token alone, not a slice of the header that it came in, which its parts would keep. */
  #verify(text: string): VerifiedToken | TokenFault {
    const parsed = this.parse(text);
    if (typeof parsed === 'string') return parsed;
    const token = { ...parsed, secretHash: hashSecret(parsed.secret) };
    this.#recent.keep(text, token);
    return token;
  }
}
