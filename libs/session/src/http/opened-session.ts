import type { Draft } from '../core/draft.js';
import type { Session } from '../core/session.js';
import type { SessionBinding } from './binding.js';

/** A session as a request has opened it. */
export interface OpenedSession {
  readonly draft: Draft;
  readonly session: Session;
  /** Brings it up to date with what shows it in another way: before anybody else looks, and before it is saved. */
  align?(): void;
}

/**
 * Saves what is unsaved. `undefined`: nothing was. May be called again: what was saved is not saved twice. An answer
 * of 500 and above drops what the request changed, unless `saveOnError`; what ended stays ended.
 */
export function commitOf(binding: SessionBinding, opened: OpenedSession, status: number): Promise<void> | undefined {
  const { draft } = opened;
  // The error answer that a failed commit led to must not try the same again.
  if (draft.failed && status >= 400) return undefined;
  try {
    if (status >= 500 && !binding.saveOnError) draft.rollback();
    // What nobody has looked at, nobody has changed.
    else if (!draft.sealed && draft.accessed) opened.align?.();
    const work = binding.manager.commit(draft);
    return work && binding.saves.add(work);
  } catch (error) {
    // What cannot be encoded is refused at once, and everything else later: for the caller it is one thing.
    return Promise.reject(error);
  }
}
