import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { SessionRecord } from '../../core/record.js';
import {
  isPingable,
  isSweepable,
  isUserIndex,
  type Rotation,
  type SessionStore,
  type SessionStoreGuarantees,
  type UpdateResult,
} from '../../core/store.js';

/** A part of the contract that a store may lack, if it says so. */
export type SessionStorePart = keyof SessionStoreGuarantees | 'sweepable' | 'pingable';

/** What tests may need: a part of the contract, or another store on the same engine. */
export type Need = SessionStorePart | 'shared';

/** `other` is another store on the same engine where the theme needs 'shared', and otherwise the same one. */
export type ContractTest = (store: SessionStore, other: SessionStore) => Promise<void>;

/** Tests that belong together. Names say the behaviour, after the ids of the requirements behind it. */
export interface Theme {
  readonly title: string;
  /** That without which these tests do not apply. */
  readonly needs?: readonly Need[];
  readonly tests: Readonly<Record<string, ContractTest>>;
}

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** Fails unless the store has this part, in deed and by its word. */
export function declares(store: SessionStore, part: SessionStorePart): void {
  const hint = `the store says it is not, or lacks the methods; if that is meant, pass { without: ['${part}'] }`;
  assert.ok(has(store, part), `${part}: ${hint}`);
  if (part === 'listable') assert.ok(isUserIndex(store), 'listable needs listByUser, raiseEpoch and epoch');
}

/** Fails if the store has this part after all, in deed or by its word. */
export function lacks(store: SessionStore, part: Need): void {
  assert.equal(has(store, part), false, `${part}: the store has it; do not exclude it`);
}

function has(store: SessionStore, part: Need): boolean {
  // Nothing about a store shows it; the suite knows by having been told how to make another one.
  if (part === 'shared') return false;
  if (part === 'sweepable') return isSweepable(store);
  if (part === 'pingable') return isPingable(store);
  return store.guarantees[part];
}

/** A record nobody has seen before: anonymous, empty, half an hour from its end. */
export function newRecord(given: Partial<SessionRecord> = {}): SessionRecord {
  const createdAt = given.createdAt ?? Date.now();
  return {
    id: newId(),
    name: 'session',
    secretHash: newHash(),
    generation: 0,
    version: 0,
    fields: new Map(),
    meta: new Map(),
    createdAt,
    expiresAt: createdAt + 30 * MINUTE,
    absoluteExpiresAt: createdAt + 12 * HOUR,
    ...given,
  };
}

/** The same, stored. What is returned stays as it was given, whatever the store does with its own. */
export async function newStored(store: SessionStore, given: Partial<SessionRecord> = {}): Promise<SessionRecord> {
  const record = newRecord(given);
  assert.equal(await store.create(copyOf(record)), true, 'creating a record under a fresh id');
  return record;
}

/** A login's or regenerate's change of token. */
export function newRotation(record: SessionRecord, given: Partial<Rotation> = {}): Rotation {
  const { absoluteExpiresAt, authenticatedAt, expiresAt, generation, userId } = record;
  return {
    secretHash: newHash(),
    generation: generation + 1,
    userId,
    authenticatedAt,
    expiresAt,
    absoluteExpiresAt,
    ...given,
  };
}

/** 24 characters of base64url, as the library makes them. */
export function newId(): string {
  return randomBytes(18).toString('base64url');
}

export function newHash(): string {
  return randomBytes(32).toString('base64url');
}

export function newUser(): string {
  return `user-${newId()}`;
}

export function copyOf(record: SessionRecord): SessionRecord {
  return { ...record, fields: new Map(record.fields), meta: new Map(record.meta) };
}

/** Asserts that the store holds exactly this at `now`: every property, and no other field or meta text. */
export async function assertStored(
  store: SessionStore,
  expected: SessionRecord,
  now = expected.createdAt,
): Promise<void> {
  const found = await store.read(expected.id, now);
  assert.ok(found, `the record should be there at ${now}`);
  assertSame(found, expected);
}

export function assertSame(actual: SessionRecord, expected: SessionRecord): void {
  assert.deepEqual(plain(actual), plain(expected));
}

export async function assertAbsent(store: SessionStore, id: string, now = Date.now()): Promise<void> {
  assert.equal(await store.read(id, now), undefined, 'there should be no record');
}

/** A store that cannot tell 'gone' from 'conflict' in one step may say 'conflict'. */
export function assertGone(result: UpdateResult): void {
  assert.ok(result === 'gone' || result === 'conflict', `expected 'gone' (or 'conflict'), got '${result}'`);
}

/** Several calls at once. */
export function atOnce<T>(count: number, call: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => call(index)));
}

export function countOf<T>(values: readonly T[], value: T): number {
  return values.filter((other) => other === value).length;
}

function plain(record: SessionRecord): object {
  return {
    id: record.id,
    name: record.name,
    secretHash: record.secretHash,
    generation: record.generation,
    version: record.version,
    fields: new Map(record.fields),
    meta: new Map(record.meta),
    userId: record.userId,
    createdAt: record.createdAt,
    authenticatedAt: record.authenticatedAt,
    expiresAt: record.expiresAt,
    absoluteExpiresAt: record.absoluteExpiresAt,
  };
}
