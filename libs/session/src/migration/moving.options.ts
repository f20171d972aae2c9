import { SessionConfigError } from '../core/errors.js';
import type { SessionData } from '../core/session.js';

/** What the old sessions themselves cannot tell. `T`: their fields. */
export interface MovingOptions<T extends object = SessionData> {
  /**
   * Who is logged in. @default what Passport keeps in `passport.user`, if that is a number or a text of 1 to 255 characters
   */
  userId?(fields: Partial<T>): string | number | null | undefined;
  /**
   * When that user logged in, epoch milliseconds: `absoluteTimeout` counts from then. @default unknown; `absoluteTimeout`
   * counts from the move
   */
  loggedInAt?(fields: Partial<T>): number | undefined;
  /** Whether it goes on under the `remember` limits, in a cookie that outlives the browser. @default false */
  remember?(fields: Partial<T>): boolean;
  /**
   * The end of moving, a `Date` or what `new Date()` reads: from then on old cookies are not looked at. What was moved is
   * noted until then, so it cannot be put off: who was moved before could be moved again. @default no end; notes are kept
   * for 400 days
   */
  until?: Date | string;
}

/**
 * Epoch milliseconds.
 *
 * @throws SessionConfigError for what is no instant.
 */
export function endOfMoving(source: string, until: Date | string | undefined): number | undefined {
  if (until === undefined) return undefined;
  const end = new Date(until).getTime();
  if (!Number.isNaN(end)) return end;
  throw new SessionConfigError(
    `${source}: until is not a date, and must be the day on which moving ends: a Date, or '2031-01-31' say.`,
  );
}
