import { randomBytes } from 'node:crypto';
import type { SessionRecord } from '../../core/record.js';
import type { Expectation, SessionChange } from '../../core/store.js';

/** The field that makes a record of the new store a place. No application calls a field so. */
const MARK = 'nest-sessions.moving';

/** What is in the mark. */
interface Mark {
  /** The secret's hash that the session had and will have again. */
  readonly hash: string;
  /** When the place was taken. */
  readonly since: number;
}

/**
 * The place that a session on its way gets in the new store: the whole session, but for its secret. Its hash is a claim
 * instead, which no token opens and only who made it knows. So a place is not open to anybody, is found on the list of its
 * user, and can be removed by who ends the session.
 */
export function newPlace(record: SessionRecord, since: number): SessionRecord {
  const mark: Mark = { hash: record.secretHash, since };
  return {
    ...record,
    secretHash: randomBytes(32).toString('base64url'),
    fields: new Map([...record.fields, [MARK, JSON.stringify(mark)]]),
  };
}

/** Whether a record of the new store is a place, and since when. */
export function placeSince(record: SessionRecord): number | undefined {
  return markOf(record)?.since;
}

/** The session that the place is for. Any other record as it is. */
export function sessionAt(record: SessionRecord): SessionRecord {
  const mark = markOf(record);
  if (!mark) return record;
  const fields = new Map(record.fields);
  fields.delete(MARK);
  return { ...record, secretHash: mark.hash, fields };
}

/** Makes the session of a place, if that is still there. */
export function arrivalAt(place: SessionRecord): SessionChange {
  const { absoluteExpiresAt, authenticatedAt, expiresAt, generation, secretHash, userId } = place;
  return {
    fields: new Map([[MARK, null]]),
    rotate: {
      secretHash: sessionAt(place).secretHash,
      generation,
      userId,
      authenticatedAt,
      expiresAt,
      absoluteExpiresAt,
    },
    expect: { secretHash },
  };
}

/** What is expected, and that it is not a place: nobody may write to one. */
export function arrived(expect: Expectation): Expectation {
  return { ...expect, fields: new Map([...(expect.fields ?? []), [MARK, null]]) };
}

function markOf({ fields }: SessionRecord): Mark | undefined {
  const text = fields.get(MARK);
  return text === undefined ? undefined : (JSON.parse(text) as Mark);
}
