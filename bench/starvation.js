// @ts-check
/** Whether other programs of the machine got in the way. */
import { readdirSync, readFileSync } from 'node:fs';

/** A measurement in which a process had to wait for its core for more of the time than this is worth repeating. */
export const TOLERATED = 0.05;

/**
 * Milliseconds that a process has been running so far, and that its main thread was ready to run while others ran on its
 * core. Linux tells both (kernel.org, Documentation/scheduler/sched-stats); what the main thread waited for helpers of
 * its own process, the garbage collector's say, is not other people's fault. Elsewhere than on Linux we cannot know.
 *
 * @param {number} [pid] @returns {{ ran: number, waited: number }}
 */
export function coreTimes(pid = process.pid) {
  try {
    const threads = readdirSync(`/proc/${pid}/task`).map((thread) => timesAt(`/proc/${pid}/task/${thread}/schedstat`));
    const ran = threads.reduce((sum, thread) => sum + thread.ran, 0);
    const busiest = threads.reduce((one, other) => (other.ran > one.ran ? other : one));
    return { ran, waited: busiest.waited - (ran - busiest.ran) };
  } catch {
    return { ran: 0, waited: 0 };
  }
}

/** Milliseconds that a hypervisor had all cores of this machine for others, so far. */
export function stolen() {
  try {
    const [, , , , , , , steal = 0] = (/^cpu +(.*)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1] ?? '')
      .split(' ')
      .map(Number);
    return steal * 10; // in ticks of a hundredth of a second, whatever the kernel's own
  } catch {
    return 0;
  }
}

/** @param {string} file */
function timesAt(file) {
  const [ran = 0, waited = 0] = readFileSync(file, 'utf8').split(' ').map(Number);
  return { ran: ran / 1e6, waited: waited / 1e6 };
}
