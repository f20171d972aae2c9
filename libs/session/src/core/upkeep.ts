import type { Clock } from './clock.js';
import { Deadlines } from './deadlines.js';
import { isPingable, isSweepable, type SessionStore } from './store.js';

const SWEEP_BATCH = 1_000;
const MAX_SWEEP_BATCHES = 100;
/** Start-up and cleaning may take longer than what a request waits for, but not for ever. Times `storeTimeout`. */
const PATIENCE = 30;

const deadlines = new Deadlines();

/** Asks a store whether it works, if it can tell. */
export async function ping(store: SessionStore, storeTimeout: number): Promise<void> {
  if (isPingable(store)) await deadlines.within(storeTimeout * PATIENCE, () => store.ping());
}

/** Removes expired records in batches, and says how many. Nothing to do for stores that expire by themselves. */
export async function sweep(store: SessionStore, clock: Clock, storeTimeout: number): Promise<number> {
  if (!isSweepable(store)) return 0;
  let swept = 0;
  for (let batch = 0; batch < MAX_SWEEP_BATCHES; batch++) {
    const removed = await deadlines.within(storeTimeout * PATIENCE, () => store.sweep(clock.now(), SWEEP_BATCH));
    swept += removed;
    if (removed < SWEEP_BATCH) break;
  }
  return swept;
}
