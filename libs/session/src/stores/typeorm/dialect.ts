import { SessionConfigError, SessionStoreFullError } from '../../core/errors.js';
import type { SessionRecord } from '../../core/record.js';
import type { TextChanges } from '../../core/store.js';
import type { SessionRow } from './session.row.js';

/** What a database answers: the rows of a `SELECT`, or how many rows a write has hit. */
export interface Answer<T> {
  readonly rows: T[];
  readonly rowCount: number | null;
}

/** A database: how its SQL differs from the others', and how its driver is asked. One file each. */
export interface Dialect {
  /** How the `n`th value of a statement is written, from 1. */
  placeholder(n: number): string;
  /** A user's id as its column holds it: two ids are equal there if and only if they are the same text. */
  userId(id: string): string;
  /** A column of names and texts after these changes; with `replace`, of nothing else than what they set. */
  merged(statement: Statement, column: 'fields' | 'meta', changes: TextChanges, replace: boolean): string;
  /** The expiry after an extension: later if possible, never earlier, never past the absolute end. */
  extended(statement: Statement, expiresAt: number): string;
  /** What has to be so for the fields to have these texts, and not to have those that are `null`. */
  holds(statement: Statement, fields: TextChanges): string[];

  /** A condition that is always so, and with which the commit of its statement does not wait for the disk. */
  readonly withoutWaiting?: string;

  create(record: SessionRecord): Promise<boolean>;
  /** Those of these that are there and not expired, in one statement. Without it, reads take one each. */
  readAll?(ids: string[], now: number): Promise<SessionRow[]>;
  raiseEpoch(userId: string, now: number): Promise<void>;
  /** Removes at most `limit` expired records, says how many, and removes epochs raised before `epochsBefore`. */
  sweep(now: number, limit: number, epochsBefore: number): Promise<number>;
  toRecord(row: SessionRow): SessionRecord;

  /** Runs one statement, outside of any transaction of the application's. Errors carry none of its values. */
  query<T>(sql: string, values: unknown[]): Promise<Answer<T>>;
  /** Whether an error says that a table or a column is not there. */
  isMissing(error: unknown): boolean;
  /** What is set up in a way that a session could come to harm by, if anything is. */
  complaint?(): Promise<string | undefined>;
}

/** A statement under construction: text with placeholders, and the values that they stand for, in the same order. */
export class Statement {
  readonly values: unknown[] = [];

  constructor(private readonly dialect: Dialect) {}

  /** The placeholder of a value. Values never become text of the statement. */
  value(value: unknown): string {
    return this.dialect.placeholder(this.values.push(value));
  }
}

/** What the driver of a DataSource runs statements on, once it is connected. */
export function connected<T>(pool: T | undefined): T {
  if (pool) return pool;
  throw new SessionConfigError(
    'The DataSource given to TypeOrmSessionStore is not connected: await dataSource.initialize() before.',
  );
}

/** An object of texts as JSON. Built from entries, so that a name such as `__proto__` is a name like any other. */
export function toJson(texts: Iterable<readonly [string, string | null]>): string {
  return JSON.stringify(Object.fromEntries(texts));
}

/** What changes set, and what they remove. */
export function split(changes: TextChanges): { set: Map<string, string>; removed: string[] } {
  const set = new Map<string, string>();
  const removed: string[] = [];
  for (const [name, text] of changes) {
    if (text === null) removed.push(name);
    else set.set(name, text);
  }
  return { set, removed };
}

/**
 * A statement that lost to another transaction has done nothing, and may be tried once more.
 *
 * @param lostRaces the `code`s of such errors
 * @param clean takes the statement's values out of the driver's error
 */
export async function retried<T>(
  run: () => Promise<T>,
  lostRaces: ReadonlySet<unknown>,
  clean: (error: unknown) => unknown,
): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!lostRaces.has((error as { code?: unknown }).code)) throw clean(error);
    return run().catch((again: unknown) => Promise.reject(clean(again)));
  }
}

/** An error with one of these `code`s as what it is: there is no room any more. Any other stays as it is. */
export function fullness(error: unknown, codes: ReadonlySet<unknown>): unknown {
  const isFull = codes.has((error as { code?: unknown }).code);
  return isFull ? new SessionStoreFullError(undefined, { cause: error }) : error;
}
