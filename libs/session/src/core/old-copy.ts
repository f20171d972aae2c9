import type { Budget } from './bounded.store.js';
import type { SessionRecord } from './record.js';
import type { VerifiedToken } from './recent-tokens.js';
import type { StoreManager } from './store.manager.js';
import { sameHash } from './token.js';

/**
 * Where `oneLiveToken` is not guaranteed, what was read may be a copy from before the login that made this token: people
 * who log in through one process would be strangers to the next. A touch is for the engine itself to answer, and this one
 * extends nothing.
 */
export async function unlessOld(
  manager: StoreManager,
  record: SessionRecord | undefined,
  { secretHash }: VerifiedToken,
  budget: Budget,
): Promise<SessionRecord | undefined> {
  if (!record || sameHash(secretHash, record.secretHash)) return record;
  const known = await manager.store.touch(record.id, 0, manager.clock.now(), { secretHash }, budget);
  return known === 'ok' ? manager.readLive(record.id, budget) : record;
}
