import { randomBytes } from 'node:crypto';

/** The state of a session, as the name of an empty file in its folder tells it. */
export interface Head {
  /** When the session ends if nobody comes back. Epoch milliseconds. */
  readonly expiresAt: number;
  /** Raised when a name has to change though nothing else does. */
  readonly turn: number;
  /** Random, and part of the name of the file that has the rest of the record. */
  readonly key: string;
}

const HEAD = /^(\d+)-(\d+)-([0-9a-f]{32})\.head$/;

/** The head of a record that is about to be written. */
export function newHead(expiresAt: number): Head {
  return { expiresAt, turn: 0, key: newKey() };
}

export function newKey(): string {
  return randomBytes(16).toString('hex');
}

export function headName({ expiresAt, key, turn }: Head): string {
  return `${expiresAt}-${turn}-${key}.head`;
}

export function recordName({ key }: Head): string {
  return `${key}.record`;
}

/** The head among the names in a session's folder. */
export function findHead(names: readonly string[]): Head | undefined {
  for (const name of names) {
    const match = HEAD.exec(name);
    if (match) return { expiresAt: Number(match[1]), turn: Number(match[2]), key: match[3] ?? '' };
  }
  return undefined;
}
