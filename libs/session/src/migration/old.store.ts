import type { OldSessions } from '../core/old.sessions.js';
import { called, checkExpressStore, type ExpressStore, isAbsence } from '../stores/express/express.client.js';
import type { MovingOptions } from './moving.options.js';
import { oldSession } from './old.session.js';

/** Sessions in a store for express-session, which @fastify/session uses too. `own`: names of the library's own. */
export function inStore<T extends object>(
  source: string,
  store: ExpressStore,
  own: readonly string[],
  moving: MovingOptions<T>,
): Pick<OldSessions, 'read' | 'sessionOf' | 'end'> {
  checkExpressStore(store, `${source} needs`);
  return {
    read: ({ id }) => called((callback) => store.get(id, callback)).catch(unlessAbsent),
    sessionOf: (kept, now) => oldSession(kept, own, moving, now),
    async end({ id }) {
      await called((callback) => store.destroy(id, callback)).catch(unlessAbsent);
    },
  };
}

function unlessAbsent(error: unknown): undefined {
  if (!isAbsence(error)) throw error;
}
