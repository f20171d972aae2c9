// @ts-check
/** Our stores, each on a real engine: for what is measured without an application. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemorySessionStore } from 'nest-sessions';
import { POOL_SIZE } from './apps/application.js';
import { SESSION } from './apps/shop.js';

/** @typedef {import('nest-sessions').SessionStore} SessionStore */
/** @typedef {import('nest-sessions').SessionRecord} SessionRecord */
/** @typedef {{ address: string, stop(): unknown }} Engine */
/** @typedef {{ store: SessionStore, close(): unknown }} Connected */
/** @typedef {{ start(): Promise<Engine>, connect(address: string, options?: any): Promise<Connected> }} Kind */

const none = async () => ({ address: '', stop() {} });
const MANY = 100_000_000;

/** @type {Record<string, Kind>} */
export const ENGINES = {
  memory: {
    start: none,
    connect: async () => ({ store: new MemorySessionStore({ maxSessions: MANY }), close() {} }),
  },

  file: {
    async start() {
      const folder = mkdtempSync(join(tmpdir(), 'nest-sessions-bench-'));
      return { address: join(folder, 'sessions'), stop: () => rmSync(folder, { recursive: true }) };
    },
    async connect(directory) {
      const { FileSessionStore } = await import('nest-sessions/file');
      return { store: new FileSessionStore({ directory, fsync: 'data' }), close() {} };
    },
  },

  redis: {
    async start() {
      const { startRedis } = await import('../scripts/redis.js');
      const server = await startRedis();
      return { address: server.url, stop: () => server.stop() };
    },
    async connect(url) {
      const { createClient } = await import('redis');
      const { RedisSessionStore } = await import('nest-sessions/redis');
      const client = createClient({ url });
      await client.connect();
      return { store: new RedisSessionStore(client), close: () => client.destroy() };
    },
  },

  memcached: {
    async start() {
      const { startMemcached } = await import('../scripts/memcached.js');
      const server = await startMemcached('-m', '4096');
      return { address: server.address, stop: () => server.stop() };
    },
    async connect(server) {
      const { MemcacheClient } = await import('memcache-client');
      const { MemcachedSessionStore } = await import('nest-sessions/memcached');
      const client = new MemcacheClient({ server, cmdTimeout: 30_000 });
      return { store: new MemcachedSessionStore(client), close: () => client.shutdown() };
    },
  },

  postgres: {
    async start() {
      const { startPostgres } = await import('../scripts/postgres.js');
      const server = await startPostgres();
      return { address: server.url, stop: () => server.stop() };
    },
    async connect(url, options) {
      const { DataSource } = await import('typeorm');
      const { CreateSessionTables, SessionEntity, SessionEpochEntity, TypeOrmSessionStore } =
        await import('nest-sessions/typeorm');
      const database = new DataSource({
        type: 'postgres',
        url,
        poolSize: POOL_SIZE,
        entities: [SessionEntity, SessionEpochEntity],
        migrations: [CreateSessionTables],
      });
      await database.initialize();
      await database.runMigrations();
      return { store: new TypeOrmSessionStore(database, options), close: () => database.destroy() };
    },
  },
};

/** The shop's session of about a kilobyte, unless told otherwise. @param {Partial<SessionRecord>} [given] @returns {SessionRecord} */
export function newRecord(given = {}) {
  const now = Date.now();
  return {
    id: randomBytes(18).toString('base64url'),
    name: 'session',
    secretHash: randomBytes(32).toString('base64url'),
    generation: 0,
    version: 0,
    fields: new Map(Object.entries(SESSION).map(([name, value]) => [name, JSON.stringify(value)])),
    meta: new Map(),
    createdAt: now,
    expiresAt: now + 1_800_000,
    absoluteExpiresAt: now + 43_200_000,
    ...given,
  };
}
