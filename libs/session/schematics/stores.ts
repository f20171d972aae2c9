import type { Import } from './import.edit.js';

export const STORES = ['postgres', 'memory', 'redis', 'cookie'] as const;
export type StoreName = (typeof STORES)[number];

/** What a root module needs for sessions in a store. */
export interface Wiring {
  readonly imports: readonly Import[];
  /** An entry of the module's `imports`. */
  readonly code: string;
  /** The package of the engine's client, and its version. */
  readonly client?: readonly [name: string, version: string];
  /** What its user has to know. */
  readonly notes: readonly string[];
}

const SECRET = `{
  secret: process.env.SESSION_SECRET,
}`;

const SESSION_MODULE: Import = { names: ['SessionModule'], from: 'nest-sessions' };

export const WIRINGS: Readonly<Record<StoreName, Wiring>> = {
  postgres: {
    imports: [SESSION_MODULE, { names: ['TypeOrmSessionStore'], from: 'nest-sessions/typeorm' }],
    code: `SessionModule.forRoot(TypeOrmSessionStore, ${SECRET})`,
    notes: [],
  },
  memory: {
    imports: [{ names: ['MemorySessionStore', 'SessionModule'], from: 'nest-sessions' }],
    code: `SessionModule.forRoot(new MemorySessionStore(), ${SECRET})`,
    notes: ['Sessions are kept in memory: they end with the process, and two processes do not share them.'],
  },
  redis: {
    imports: [
      { names: ['createClient'], from: 'redis' },
      SESSION_MODULE,
      { names: ['RedisSessionStore'], from: 'nest-sessions/redis' },
    ],
    code: `SessionModule.forRoot(
  {
    useFactory: async () =>
      new RedisSessionStore(
        await createClient({ url: process.env.REDIS_URL })
          .on('error', console.error)
          .connect(),
      ),
  },
  { secret: process.env.SESSION_SECRET },
)`,
    client: ['redis', '^6.0.0'],
    notes: ['REDIS_URL is read from the environment, redis://localhost:6379 without one.'],
  },
  cookie: {
    imports: [SESSION_MODULE, { names: ['CookieSessionStore'], from: 'nest-sessions/cookie' }],
    code: `SessionModule.forRoot(new CookieSessionStore({ acceptReplayFor: '90d' }), ${SECRET})`,
    notes: [
      'A copied cookie stays good after the logout, which acceptReplayFor accepts; pass revocations to end that.',
      'Cookies are encrypted with SESSION_SECRET.',
    ],
  },
};
