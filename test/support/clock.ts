import { ManualClock } from 'nest-sessions/testing';

/** The machine's own clock, for suites in which a real server takes real time. */
export class RunningClock extends ManualClock {
  override now(): number {
    return Date.now();
  }
}

/** What the work came to, and how many milliseconds it took. */
export async function timed<T>(work: Promise<T>): Promise<T & { elapsed: number }> {
  const startedAt = performance.now();
  const result = await work;
  return { ...result, elapsed: performance.now() - startedAt };
}
