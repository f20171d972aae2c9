import type { SessionStore, UserIndex } from 'nest-sessions';
import { ActionController } from './actions.js';
import { startApp, type TestApp, type TestAppSettings } from './app.js';
import { type OpenStore, STORES } from './stores.js';

/** The application that a suite runs on, and the store itself, behind the counting of `calls`. */
export interface SuiteApp extends TestApp {
  readonly store: SessionStore & UserIndex;
}

/** Longer than any session of a test lives. Milliseconds. */
const A_LIFE = 400 * 24 * 60 * 60_000;

/**
 * A suite that runs on every store, each time with an application of its own. Each test finds the counters at 0, and
 * no session of the ones before it alive.
 */
export function describeOnStores(
  title: string,
  settings: Partial<TestAppSettings>,
  suite: (app: SuiteApp) => void,
): void {
  describe.each(Object.entries(STORES))(`${title} on %s`, (_name, open) => {
    // Filled before the first test runs.
    const app = {} as SuiteApp;
    let opened: OpenStore;

    beforeAll(async () => {
      opened = await open();
      const started = await startApp({ controllers: [ActionController], ...settings, store: opened.store });
      Object.assign(app, started, { store: opened.store });
    });

    afterAll(async () => {
      await app.close();
      await opened.close();
    });

    beforeEach(() => {
      app.clock.advance(A_LIFE);
      app.calls.reset();
      app.events.length = 0;
      app.log.length = 0;
    });

    suite(app);
  });
}
