/** What a store keeps of one session. Instants are epoch milliseconds. */
export interface SessionRecord {
  /** The public half of the token: 24 characters of base64url, no secret. */
  readonly id: string;
  /** Which session module it belongs to: two modules may share a store. */
  readonly name: string;
  /** SHA-256 of the token's secret, base64url: a leaked store gives nobody a cookie. */
  readonly secretHash: string;
  /** Counts changes of privilege: every login and regenerate raises it. */
  readonly generation: number;
  /** Counts updates. */
  readonly version: number;
  /** Field name → encoded text. Stores never look inside the text. */
  readonly fields: ReadonlyMap<string, string>;
  /** The core's own texts: retired secrets, limits, label, flash messages. */
  readonly meta: ReadonlyMap<string, string>;
  readonly userId?: string;
  readonly createdAt: number;
  readonly authenticatedAt?: number;
  /** When it ends if nobody comes back. Never later than `absoluteExpiresAt`. */
  readonly expiresAt: number;
  /** When it ends whatever happens. */
  readonly absoluteExpiresAt: number;
}

/** The names the core uses in `meta`. Flash messages have one entry each, behind `flash`. */
export const META = {
  idle: 'idle',
  remember: 'remember',
  label: 'label',
  retired: 'retired',
  until: 'until',
  flash: 'flash.',
} as const;

/**
 * When the last token of this id ends. A login may shorten the life of a session, to one that is not remembered; a
 * sealed token from before lives on by its own ends, and what is noted under `until` still knows of it.
 */
export function lastEndOf({ absoluteExpiresAt, meta }: SessionRecord): number {
  return Math.max(absoluteExpiresAt, Number(meta.get(META.until) ?? 0));
}

/** How long a retired secret is told apart from an unknown one. */
export const RETIRED_GRACE = 30_000;
const RETIRED_KEPT = 4;

interface Retired {
  readonly hash: string;
  readonly at: number;
  readonly reason: 'login' | 'regenerate';
}

/** The `retired` text of a record whose secret is being replaced at `now`. */
export function retire(record: SessionRecord, now: number, reason: Retired['reason']): string {
  const kept = retiredOf(record).filter(({ at }) => now - at < RETIRED_GRACE);
  return JSON.stringify([{ hash: record.secretHash, at: now, reason }, ...kept].slice(0, RETIRED_KEPT));
}

/** Whether this hash was the record's own less than 30 s ago. */
export function isRetired(record: SessionRecord, secretHash: string, now: number): boolean {
  return retiredOf(record).some(({ hash, at }) => hash === secretHash && now - at < RETIRED_GRACE);
}

function retiredOf(record: SessionRecord): Retired[] {
  const text = record.meta.get(META.retired);
  if (text === undefined) return [];
  try {
    return JSON.parse(text) as Retired[];
  } catch {
    // A damaged list retires nothing: such a token is unknown instead.
    return [];
  }
}
