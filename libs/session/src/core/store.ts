import type { SessionRecord } from './record.js';

/**
 * Keeps records. Implement the five verbs, declare the guarantees, and run `describeSessionStore` from
 * `nest-sessions/testing` over it.
 *
 * What every verb promises:
 * - It is one atomic step: no reader sees half of a write, and two writers never undo each other's.
 * - The caller's `now` decides what has expired, and expired is gone: `expiresAt <= now`. An engine's own time-to-live
 *   only cleans up, a little later.
 * - It rejects when the engine fails; "not there" is an answer, never an error.
 * - What it is given and what it gives are the caller's own: no reference is shared between two calls.
 */
export interface SessionStore {
  readonly guarantees: SessionStoreGuarantees;

  /**
   * Stores a new record. `false`: that id is taken, and nothing was changed. An expired record that still lies there may
   * count as taken or as gone.
   */
  create(record: SessionRecord): Promise<boolean>;

  /** The record, or `undefined` if the id is unknown or expired. Never creates anything. */
  read(id: string, now: number): Promise<SessionRecord | undefined>;

  /**
   * Applies a change to a live record and raises its `version` by one. Never creates. `'gone'`: unknown or expired.
   * `'conflict'`: the expectation does not hold. A store that cannot tell the two apart in one step says `'conflict'`.
   */
  update(id: string, change: SessionChange, now: number): Promise<UpdateResult>;

  /**
   * Extends the life of a live record to `min(max(old, expiresAt), absoluteExpiresAt)`: never shortens it, never
   * passes the absolute end, leaves everything else alone.
   */
  touch(id: string, expiresAt: number, now: number, expect: Expectation): Promise<UpdateResult>;

  /**
   * Ends a record. `true`: it was this call that did it; `false`: it was not there, or the expectation does not hold. Of
   * an expired record that still lies there it may say either, and removes it.
   */
  delete(id: string, expect?: Expectation): Promise<boolean>;
}

export type UpdateResult = 'ok' | 'gone' | 'conflict';

/**
 * Names → new encoded text, or `null` for a name that goes. Names not mentioned keep what they have. Neither names nor
 * texts hold NUL or a lone surrogate; a name may be empty, or `__proto__`.
 */
export type TextChanges = ReadonlyMap<string, string | null>;

export interface SessionChange {
  readonly fields?: TextChanges;
  /** All fields that `fields` does not set to a text go, in the same step. */
  readonly replace?: boolean;
  readonly meta?: TextChanges;
  /** Extends the life of the record as `touch` does. Not together with `rotate`. */
  readonly expiresAt?: number;
  readonly rotate?: Rotation;
  readonly expect: Expectation;
}

/** A new secret for the same record. Every property is assigned as it stands, the expiry included. */
export interface Rotation {
  readonly secretHash: string;
  readonly generation: number;
  readonly userId: string | undefined;
  readonly authenticatedAt: number | undefined;
  readonly expiresAt: number;
  readonly absoluteExpiresAt: number;
}

/** What must be so for a write to happen. Absent properties are not looked at. */
export interface Expectation {
  readonly generation?: number;
  readonly secretHash?: string;
  readonly version?: number;
  readonly userId?: string;
  /** Field name → its encoded text, or `null` for a field that must not be there. */
  readonly fields?: TextChanges;
}

/** What a store promises, declared in its type and checked at start-up. */
export interface SessionStoreGuarantees {
  /** `update` applies a change and its expectation in one step. */
  readonly atomicUpdate: boolean;
  /** After a rotation the old token opens nothing. */
  readonly oneLiveToken: boolean;
  /** A deleted session is gone at once for everybody. */
  readonly revocable: boolean;
  /** The store is a `UserIndex` too. */
  readonly listable: boolean;
}

/** Finds the sessions of a user. */
export interface UserIndex {
  /** The live records of a user, in no particular order. */
  listByUser(userId: string, now: number): Promise<SessionRecord[]>;
  /** Remembers `now` as the instant before which no login of this user counts. Never goes back. */
  raiseEpoch(userId: string, now: number): Promise<void>;
  /** The instant last raised, or 0. It need not be remembered for longer than a request can take. */
  epoch(userId: string): Promise<number>;
}

/** Removes what has expired. */
export interface Sweepable {
  /**
   * Removes at most `limit` expired records and says how many. Fewer than `limit`: there are no more, or another process
   * is at it, and the next sweep is soon enough.
   */
  sweep(now: number, limit: number): Promise<number>;
}

/** Can say at start-up, and to a health check, whether it works. */
export interface Pingable {
  /** Rejects with what is wrong and what mends it. */
  ping(): Promise<void>;
}

export function isUserIndex(store: object): store is UserIndex {
  return hasMethods(store, 'listByUser', 'raiseEpoch', 'epoch');
}

export function isSweepable(store: object): store is Sweepable {
  return hasMethods(store, 'sweep');
}

export function isPingable(store: object): store is Pingable {
  return hasMethods(store, 'ping');
}

export function isSessionStore(value: unknown): value is SessionStore {
  return (
    typeof value === 'object' &&
    value !== null &&
    hasMethods(value, 'create', 'read', 'update', 'touch', 'delete') &&
    typeof (value as Partial<SessionStore>).guarantees === 'object' &&
    (value as SessionStore).guarantees !== null
  );
}

function hasMethods(target: object, ...names: string[]): boolean {
  return names.every((name) => typeof (target as Record<string, unknown>)[name] === 'function');
}
