// @ts-check
/** Whether other programs of the machine got in the way. */
import { readFileSync } from 'node:fs';

/** A measurement in which a process had to wait for its core for more of the time than this is worth repeating. */
export const TOLERATED = 0.05;

/**
 * Milliseconds that this process was ready to run so far while another one ran on its core. Linux tells how long the main
 * thread ran and how long it waited (kernel.org, Documentation/scheduler/sched-stats); what it waited for our own garbage
 * collector's threads is not other people's fault. Elsewhere than on Linux we cannot know.
 */
export function waitedForCore() {
  try {
    const [ran = 0, waited = 0] = readFileSync('/proc/self/schedstat', 'utf8').split(' ').map(Number);
    const { user, system } = process.cpuUsage();
    return (waited - Math.max(0, (user + system) * 1e3 - ran)) / 1e6;
  } catch {
    return 0;
  }
}
