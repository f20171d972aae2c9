// @ts-check
/** Ours, with each of the stores compared. */
import { MemorySessionStore, Session, SessionModule } from 'nest-sessions';
import { connectToRedis, countCalls, createApplication, POOL_SIZE, SECRET } from './application.js';

/** @typedef {import('./application.js').Settings} Settings */

/** @type {import('./shop.js').SessionAccess} */
const access = {
  inject: Session(),
  get: (session, field) => session.get(field),
  set: (session, field, value) => session.set(field, value),
};

/**
 * The defaults, but for what the peers need too to be on a par: a signature, and plain http. The deadlines, which peers
 * do not have, are kept but far off, so that a busy machine makes for a slow run instead of a failed one.
 */
const OPTIONS = {
  secret: SECRET,
  cookie: { secure: false },
  storeTimeout: '30s',
  requestBudget: '60s',
};

/** @type {Record<string, (url?: string) => Promise<{ store: any, imports?: any[], calls?: () => number }>>} */
const STORES = {
  async memory() {
    const store = new MemorySessionStore();
    return { store, calls: countCalls(store, ['create', 'read', 'update', 'touch', 'delete', 'epoch']) };
  },

  async cookie() {
    const { CookieSessionStore } = await import('nest-sessions/cookie');
    return { store: new CookieSessionStore({ acceptReplayFor: '90d' }) };
  },

  async redis(url) {
    const { RedisSessionStore } = await import('nest-sessions/redis');
    return { store: new RedisSessionStore(await connectToRedis(url)) };
  },

  async postgres(url) {
    const { TypeOrmModule } = await import('@nestjs/typeorm');
    const { CreateSessionTables, SessionEntity, SessionEpochEntity, TypeOrmSessionStore } =
      await import('nest-sessions/typeorm');
    const database = TypeOrmModule.forRoot({
      type: 'postgres',
      url,
      poolSize: POOL_SIZE,
      entities: [SessionEntity, SessionEpochEntity],
      migrations: [CreateSessionTables],
      migrationsRun: true,
    });
    return { store: TypeOrmSessionStore, imports: [database] };
  },
};

/** @param {Settings} settings @returns {Promise<import('./application.js').Application>} */
export async function create({ framework, url, store: kind, load }) {
  const made = await STORES[kind]?.(url);
  if (!made) throw new Error(`There is no store ${kind} here. There are: ${Object.keys(STORES).join(', ')}.`);
  const { store, calls, imports = [] } = made;
  const sessions = SessionModule.forRoot(store, { ...OPTIONS, load });
  return { app: await createApplication(framework, access, { imports: [...imports, sessions] }), calls };
}
