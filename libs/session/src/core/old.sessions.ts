import type { TokenFault } from './token.js';

/**
 * Sessions of the library that an application used before: which cookies they are behind, how those verify, what is
 * kept, and how one is ended. All that moving them needs to know.
 */
export interface OldSessions {
  /** Part of what new ids are derived from: two kinds of old sessions never meet. */
  readonly kind: string;
  /** The cookies that a session was behind. All of them are cleared. */
  readonly cookies: readonly string[];
  /** What those were set with. Browsers clear nothing that was set with another path or domain. */
  readonly attributes: OldCookieAttributes;
  /** From then on old cookies are not looked at. Epoch milliseconds. @default they always are */
  readonly until?: number;
  /** What the cookies are good for: checked in constant time, and without asking anybody. `undefined`: there are none. */
  verify(cookie: (name: string) => string | undefined): OldCookie | TokenFault | undefined;
  /** What is kept of it, as it is. */
  read(cookie: OldCookie): Promise<unknown>;
  /** What that says. `undefined`: nothing, or it has ended. */
  sessionOf(kept: unknown, now: number): OldSession | undefined;
  /** Ends it where it was kept. Of one that is gone already there is nothing to say. */
  end(cookie: OldCookie): Promise<void>;
}

export interface OldCookieAttributes {
  readonly path?: string;
  readonly domain?: string;
  readonly secure?: boolean;
  readonly partitioned?: boolean;
}

/** A cookie that verified. `id`: what it says, the same for all requests that carry it. As good as a secret. */
export interface OldCookie {
  readonly id: string;
}

export interface OldSession {
  /** Name → value. */
  readonly fields: ReadonlyMap<string, unknown>;
  readonly userId?: string;
  /** When that user logged in, if anybody knows. Epoch milliseconds. */
  readonly loggedInAt?: number;
  /** Lives under the `remember` limits. */
  readonly remember?: boolean;
}
