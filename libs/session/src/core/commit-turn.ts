import type { Draft } from './draft.js';

/**
 * Commits of one draft, and what must not meet one, take turns. `undefined`: there was nothing to wait for, and no promise
 * was made.
 */
export function inTurn(draft: Draft, commit: () => Promise<void> | undefined): Promise<void> | undefined {
  if (draft.committing) return draft.committing.catch(() => {}).then(() => inTurn(draft, commit));
  const work = commit();
  if (work) draft.committing = work.finally(() => (draft.committing = undefined));
  return draft.committing;
}
