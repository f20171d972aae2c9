// @ts-check
/** Whether other programs of the machine got in the way. */
import { readFileSync } from 'node:fs';

/** A measurement in which a process had to wait for its core for more of the time than this is worth repeating. */
export const TOLERATED = 0.05;

/**
 * Milliseconds that this process was ready to run so far, and something else ran on its core. Linux tells in the second
 * number of `schedstat` (kernel.org, Documentation/scheduler/sched-stats); elsewhere we cannot know.
 */
export function waitedForCore() {
  try {
    return Number(readFileSync('/proc/self/schedstat', 'utf8').split(' ')[1]) / 1e6;
  } catch {
    return 0;
  }
}
