import type { FieldsDelta } from './fields.js';
import type { TextChanges } from './store.js';

/** A change of token that takes effect at commit. */
export type StagedRotation =
  | { readonly kind: 'regenerate' }
  | { readonly kind: 'login'; readonly userId: string; readonly remember: boolean; readonly label?: string };

/** A record that ends at commit, and why. */
export interface StagedEnd {
  readonly id: string;
  readonly userId?: string;
  readonly reason: 'logout' | 'destroy' | 'another-user';
  /** When the last of its tokens would have expired. */
  readonly until: number;
}

/** What a commit took from a draft and the store now has. */
export interface Stored {
  readonly delta: FieldsDelta | undefined;
  readonly flashes: TextChanges;
  readonly rotation: StagedRotation | undefined;
}

/** What cannot be done where no response carries a token: what makes a new one, or every change, if that is the session. */
export type Unanswerable = 'new-token' | 'change';

/** What the client has to be told once the commit is through. */
export type CookieAction = { readonly kind: 'issue'; readonly text: string } | { readonly kind: 'clear' };
