import type { ExpiryPolicy } from './expiry.js';
import type { OldSessions } from './old.sessions.js';

/** The options as the core uses them: checked, and in milliseconds and bytes. */
export interface SessionPolicy extends ExpiryPolicy {
  readonly name: string;
  /** Signing keys for the token; none: not signed. */
  readonly keys: readonly string[];
  /** One call to the store. */
  readonly storeTimeout: number;
  /** All calls of one request. */
  readonly requestBudget: number;
  readonly onStoreError: 'fail' | 'anonymous';
  /** Names and texts of all fields. */
  readonly maxSessionSize: number;
  /** Where sessions are moved here from. */
  readonly migrateFrom?: OldSessions;
}
