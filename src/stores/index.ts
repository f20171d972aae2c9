import type { Config } from '../config.js';
import type { OpenedStore } from './opened-store.js';

/** Each is loaded when it is asked for: nobody pays for clients of stores that are not used. */
const OPENERS: Readonly<Record<string, () => Promise<(config: Config) => Promise<OpenedStore>>>> = {
  postgres: async () => (await import('./postgres.js')).openPostgres,
  memory: async () => (await import('./memory.js')).openMemory,
  mariadb: async () => (await import('./mariadb.js')).openMariadb,
  sqlite: async () => (await import('./sqlite.js')).openSqlite,
  redis: async () => (await import('./redis.js')).openRedis,
  memcached: async () => (await import('./memcached.js')).openMemcached,
  file: async () => (await import('./file.js')).openFile,
  cookie: async () => (await import('./cookie.js')).openCookie,
  express: async () => (await import('./express.js')).openExpress,
  encrypted: async () => (await import('./encrypted.js')).openEncrypted,
  tiered: async () => (await import('./tiered.js')).openTiered,
  migrating: async () => (await import('./migrating.js')).openMigrating,
};

/** What SESSION_STORE may be. */
export const STORE_NAMES: readonly string[] = Object.keys(OPENERS);

/** Opens the store of that name. What is wrong, with its variables or its server, is thrown. */
export async function openStore(config: Config): Promise<OpenedStore> {
  const load = OPENERS[config.store];
  if (!load) {
    const names = STORE_NAMES.map((name) => `'${name}'`).join(', ');
    throw new Error(`SESSION_STORE is '${config.store}', and must be one of ${names}.`);
  }
  return (await load())(config);
}
