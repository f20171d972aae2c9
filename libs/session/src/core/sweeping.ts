import type { Clock } from './clock.js';
import { isSweepable, type SessionStore } from './store.js';

const SWEEP_BATCH = 1_000;
const MAX_SWEEP_BATCHES = 100;

/** Removes expired records in batches, and says how many. Nothing to do for stores that expire by themselves. */
export async function sweep(store: SessionStore, clock: Clock): Promise<number> {
  if (!isSweepable(store)) return 0;
  let swept = 0;
  for (let batch = 0; batch < MAX_SWEEP_BATCHES; batch++) {
    const removed = await store.sweep(clock.now(), SWEEP_BATCH);
    swept += removed;
    if (removed < SWEEP_BATCH) break;
  }
  return swept;
}
