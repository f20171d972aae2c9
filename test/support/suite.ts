import type { SessionOptions, SessionStore, UserIndex } from 'nest-sessions';
import { ActionController } from './actions.js';
import { startApp, type TestApp, type TestAppSettings } from './app.js';
import { Client } from './client.js';
import { STORES } from './stores.js';
import { useApp } from './use-app.js';

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
  grounds = STORES,
): void {
  describe.each(Object.entries(grounds))(`${title} on %s`, (_name, open) => {
    const app = useApp(
      async () => {
        const opened = await open();
        Object.assign(app, { store: opened.store });
        return opened;
      },
      { controllers: [ActionController], ...settings },
    ) as SuiteApp;

    beforeEach(() => app.clock.advance(A_LIFE));

    suite(app);
  });
}

/** The same application after a deploy with other options: same store, same clock. */
export async function deployed<T>(
  app: SuiteApp,
  options: SessionOptions,
  work: (next: TestApp) => Promise<T>,
): Promise<T> {
  const { clock, store } = app;
  const next = await startApp({ controllers: [ActionController], store, clock, options });
  try {
    return await work(next);
  } finally {
    await next.close();
  }
}

/** A client with the same cookies, talking to another application. */
export function at({ url }: TestApp, { jar }: Client): Client {
  const client = new Client(url);
  jar.forEach((value, name) => client.jar.set(name, value));
  return client;
}
