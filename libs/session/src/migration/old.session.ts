import { userIdOf } from '../core/login.js';
import type { OldCookieAttributes, OldSession } from '../core/old.sessions.js';
import type { SessionData } from '../core/session.js';
import type { MovingOptions } from './moving.options.js';

/** What the old libraries keep among the fields for themselves. */
type WithCookie = { readonly cookie?: { readonly expires?: unknown; readonly originalExpires?: unknown } };

/**
 * What is to be moved of the data that a store had, less the names that were the library's own. `undefined`: it has
 * expired, or nothing is in it.
 */
export function oldSession<T extends object>(
  data: unknown,
  own: readonly string[],
  moving: MovingOptions<T>,
  now: number,
): OldSession | undefined {
  if (typeof data !== 'object' || data === null || isOver(data, now)) return undefined;
  const entries = Object.entries(data).filter(([name, value]) => value !== undefined && !own.includes(name));
  if (entries.length === 0) return undefined;
  const fields = data as Partial<T>;
  const loggedInAt = moving.loggedInAt?.(fields);
  return {
    fields: new Map(entries),
    userId: userIdOf(moving.userId ? moving.userId(fields) : passportUser(data)),
    loggedInAt: Number.isFinite(loggedInAt) ? Math.min(loggedInAt!, now) : undefined,
    remember: moving.remember?.(fields) ?? false,
  };
}

/** As far as the options of the old cookie tell: `secure: 'auto'`, or a function of the request, says nothing. */
export function attributesOf(cookie: unknown): OldCookieAttributes {
  const { domain, partitioned, path, secure } = (cookie ?? {}) as SessionData;
  return {
    path: typeof path === 'string' ? path : undefined,
    domain: typeof domain === 'string' ? domain : undefined,
    secure: secure === true,
    partitioned: partitioned === true,
  };
}

/** Stores that clean up late, or not at all, leave that to the library. */
function isOver({ cookie }: WithCookie, now: number): boolean {
  const end = cookie?.originalExpires ?? cookie?.expires;
  return (typeof end === 'string' || end instanceof Date) && new Date(end).getTime() <= now;
}

function passportUser({ passport }: { readonly passport?: unknown }): unknown {
  return (passport as { user?: unknown } | null | undefined)?.user;
}
