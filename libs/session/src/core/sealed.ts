import type { SessionRecord } from './record.js';
import type { SessionStore, SessionStoreGuarantees } from './store.js';
import type { TokenFault } from './token.js';

/**
 * Over how many cookies a sealed session may be spread at most. Three of 4 KiB leave room for other headers in the
 * 16 KiB that Node takes; a fourth would get the client a 431 for every request until its cookies are gone.
 */
export const MAX_CHUNKS = 3;

/**
 * Keeps a session in the token itself, sealed, instead of in a store. There is nothing on the server to compare with,
 * to list or to take away: what that costs is said by the guarantees, and nothing is pretended.
 */
export interface SealedBackend {
  readonly guarantees: SessionStoreGuarantees;
  /**
   * Where ended sessions and replaced tokens are remembered until they would have expired: any store will do. Without
   * it a copy of a token outlives the logout.
   */
  readonly revocations?: SessionStore;
  /** Over how many cookies a token may be spread, up to 3. @default 1 */
  readonly chunks?: number;

  /** Called at start-up, before anything else. Throws a `SessionConfigError` for what is wrong with the set-up. */
  prepare(context: SealContext): void;

  /**
   * What is in a token. Whatever is wrong with a text is an answer, never an exception. Whether the session has
   * expired is for the caller to say; `now` is for formats that bring an expiry of their own.
   */
  open(text: string, now: number): OpenedSeal | TokenFault;

  /** @throws SessionTooLargeError if the token would be too large to travel. */
  seal(record: SessionRecord, now: number): string;
}

/** What a seal is bound to, and what it may be like. */
export interface SealContext extends SealCarrier {
  /** The session's name: a seal of one session is not taken for one of another. */
  readonly name: string;
  /** The module's `secret`, for a backend without keys of its own. At least 32 bytes each; the first is to seal. */
  readonly keys: readonly string[];
  /** The longest that a session can live. Milliseconds. */
  readonly longestLife: number;
}

/** What a seal travels in. */
export interface SealCarrier {
  /** The name of the cookie, where a cookie it is: a seal from one cookie is not taken for one from another. */
  readonly carrier?: string;
  /** The longest text that can be carried. Bytes. @default not known */
  readonly capacity?: number;
}

export interface OpenedSeal {
  readonly record: SessionRecord;
  /** Sealed with a key that is no longer the first. */
  readonly outdated: boolean;
}

export function isSealedBackend(value: unknown): value is SealedBackend {
  const { open, prepare, seal } = (value ?? {}) as Partial<SealedBackend>;
  return [open, prepare, seal].every((method) => typeof method === 'function');
}
