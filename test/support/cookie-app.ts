import type { SessionOptions, SessionStore } from 'nest-sessions';
import { CookieSessionStore, type CookieSessionStoreOptions } from 'nest-sessions/cookie';
import { ActionController } from './actions.js';
import { startApp, type TestApp, type TestAppSettings } from './app.js';

export const KEY = 'correct horse battery staple, thirty-two bytes';

type Given = Partial<CookieSessionStoreOptions> | ((list: SessionStore) => CookieSessionStoreOptions);

/** The store remembers what has ended; without it, that a copy stays good is accepted. */
export const WITH_LIST = (list: SessionStore): CookieSessionStoreOptions => ({ keys: KEY, revocations: list });

/** How a cookie store may be set up, and sessions loaded. */
export const MODES = [
  ['with revocations, loading eagerly', WITH_LIST, {}],
  ['with revocations, loading lazily', WITH_LIST, { load: 'lazy' }],
  ['with an accepted replay, loading eagerly', {}, {}],
  ['with an accepted replay, loading lazily', {}, { load: 'lazy' }],
] as const satisfies [string, Given, SessionOptions][];

/** An application that keeps its sessions in cookies. Calls that it counts are calls to the revocations. */
export function startCookieApp(
  given: Given,
  options: SessionOptions = {},
  settings: Partial<TestAppSettings> = {},
): Promise<TestApp> {
  return startApp({
    controllers: [ActionController],
    options,
    source: (list) =>
      new CookieSessionStore(
        typeof given === 'function' ? given(list) : { keys: KEY, acceptReplayFor: '90d', ...given },
      ),
    ...settings,
  });
}

/** The same, for the tests of a file; `close` ends all that were started. */
export class CookieApps {
  readonly #started: TestApp[] = [];

  async start(...how: Parameters<typeof startCookieApp>): Promise<TestApp> {
    const app = await startCookieApp(...how);
    this.#started.push(app);
    return app;
  }

  async close(): Promise<void> {
    for (const app of this.#started.splice(0)) await app.close();
  }
}
