import { setImmediate } from 'node:timers/promises';
import { runInThisContext } from 'node:vm';

/** The process itself: what a suite sees under that name is a copy which is told of no crash. */
const realProcess = runInThisContext('process') as NodeJS.Process;

const CRASHES = ['uncaughtException', 'unhandledRejection'] as const;

/** Fails every test of the `describe` block after which the process would have died, outside of Jest. */
export function watchCrashes(): void {
  const crashes: unknown[] = [];
  const note = (error: unknown): number => crashes.push(error);
  beforeAll(() => CRASHES.forEach((event) => realProcess.on(event as 'uncaughtException', note)));
  afterAll(() => CRASHES.forEach((event) => realProcess.off(event, note)));
  afterEach(async () => {
    await setImmediate();
    expect(crashes.splice(0)).toEqual([]);
  });
}
