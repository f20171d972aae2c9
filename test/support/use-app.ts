import type { SessionEvent } from 'nest-sessions';
import { filter, firstValueFrom } from 'rxjs';
import { startApp, type TestApp, type TestAppSettings } from './app.js';
import type { Ground, OpenStore } from './stores.js';

/** How a module may load sessions: what a suite says of one, it usually says of the other. */
export const LOADS = ['eager', 'lazy'] as const;
export type Load = (typeof LOADS)[number];

/** Databases take their time on a busy machine. Milliseconds. */
const SETUP_TIMEOUT = 60_000;

/**
 * The application of a `describe` block: started once, filled in before its first test. Counters, faults, events and
 * the log are cleared before each, and the clock is moved on far enough for a store that failed to be asked again.
 */
export function useApp(open: Ground, settings: Omit<TestAppSettings, 'store'>): TestApp {
  const test = {} as TestApp;
  let opened: OpenStore;
  beforeAll(async () => {
    opened = await open();
    Object.assign(test, await startApp({ platform: open.platform, ...settings, store: opened.store }));
  }, SETUP_TIMEOUT);
  afterAll(async () => {
    await test.close();
    await opened.close();
  }, SETUP_TIMEOUT);
  beforeEach(() => {
    test.calls.reset();
    test.events.length = 0;
    test.log.length = 0;
    test.clock.advance(1_000);
  });
  return test;
}

/** Calls to the store: the verbs named, so often each, and no others. */
export function counts(expected: Partial<TestApp['calls']['calls']> = {}): TestApp['calls']['calls'] {
  return { create: 0, read: 0, update: 0, touch: 0, delete: 0, ...expected };
}

/** The next event of a kind: what a request does after its client has left shows nowhere else. */
export function nextEvent(test: TestApp, type: SessionEvent['type']): Promise<SessionEvent> {
  return firstValueFrom(test.service.events$.pipe(filter((event) => event.type === type)));
}
