import type { SessionRecord } from '../../core/record.js';
import { recordOf, textOf } from '../../core/record.text.js';

/** Milliseconds. The record says when it ends; the engine only has to keep it until then. */
const GRACE = 60_000;

/**
 * What a store for express-session is given. The record is one text, because engines differ in what they make of nested
 * values and of names with dots and dollars. The cookie is there for the end of the session: some stores look at
 * `expires`, some at `maxAge`, and some at `originalMaxAge`.
 */
export interface ExpressSession {
  readonly cookie: {
    readonly originalMaxAge: number;
    readonly maxAge: number;
    readonly expires: Date;
    readonly httpOnly: true;
    readonly path: '/';
  };
  readonly record: string;
}

export function sessionOf(record: SessionRecord, now: number): ExpressSession {
  const lifetime = Math.max(0, record.expiresAt - now) + GRACE;
  // The engine goes by the machine's clock, whatever the caller's says.
  const expires = new Date(Date.now() + lifetime);
  return {
    cookie: { originalMaxAge: lifetime, maxAge: lifetime, expires, httpOnly: true, path: '/' },
    record: textOf(record),
  };
}

/** `undefined`: this was not made by `sessionOf`. */
export function recordIn(session: unknown): SessionRecord | undefined {
  return typeof session === 'object' && session !== null && 'record' in session ? recordOf(session.record) : undefined;
}
