import type { StagedRotation } from './staged.js';

export interface LoginOptions {
  /** Outlives the browser, under the `remember` limits. @default false */
  remember?: boolean;
  /** What a device list calls this session, "Firefox on Linux" say. At most 200 characters are kept. */
  label?: string;
}

const MAX_USER_ID = 255;
const MAX_LABEL = 200;

/** What a login asks for, checked. Ids of users go to every store, so they must be text that every store can hold. */
export function stageLogin(
  userId: unknown,
  { label, remember = false }: LoginOptions,
): StagedRotation & { kind: 'login' } {
  if (typeof userId !== 'string') throw wrong(`not a ${typeof userId}`);
  if (userId === '' || userId.length > MAX_USER_ID) throw wrong(`not one of ${userId.length} characters`);
  if (!userId.isWellFormed() || userId.includes('\0')) throw wrong('not one with NUL or a lone surrogate in it');
  return { kind: 'login', userId, remember, label: label?.replaceAll('\0', '').slice(0, MAX_LABEL).toWellFormed() };
}

function wrong(given: string): TypeError {
  return new TypeError(`session.login() needs the user's id as a string of 1 to ${MAX_USER_ID} characters, ${given}.`);
}

/**
 * The id of a user as an application has written it down: a number, or text that `login` takes. `undefined`: no id, and
 * nor is NaN, which `Number(user)` makes of nobody: all strangers would be that one user.
 */
export function userIdOf(user: unknown): string | undefined {
  const id = Number.isFinite(user) ? String(user) : user;
  if (typeof id !== 'string' || id === '' || id.length > MAX_USER_ID) return undefined;
  return id.isWellFormed() && !id.includes('\0') ? id : undefined;
}
