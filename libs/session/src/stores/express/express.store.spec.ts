import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import connectPgSimple from 'connect-pg-simple';
import { RedisStore } from 'connect-redis';
import session from 'express-session';
import createMemoryStore from 'memorystore';
import { createClient } from 'redis';
import createFileStore from 'session-file-store';
import { startRedis } from '../../../../../scripts/redis.js';
import { claiming } from '../../../../../test/support/claiming.js';
import { openDatabase } from '../../../../../test/support/postgres.js';
import { type ContractSubject, describeSessionStore } from '../../testing/store.contract.js';
import type { ExpressStore } from './express.client.js';
import { ExpressSessionStore } from './express.store.js';

const RUNNER = { describe, it, beforeAll, afterAll };

interface Opened {
  readonly engine: ExpressStore;
  close(): unknown;
}

/** The stores themselves, on real engines. */
const ENGINES: Readonly<Record<string, () => Promise<Opened>>> = {
  async 'connect-redis'() {
    const server = await startRedis();
    const client = createClient({ url: server.url }).on('error', () => {});
    await client.connect();
    const close = async () => {
      await client.close();
      await server.stop();
    };
    return { engine: new RedisStore({ client }), close };
  },

  async 'connect-pg-simple'() {
    const { close, url } = await openDatabase();
    const engine = new (connectPgSimple(session))({
      conString: url,
      createTableIfMissing: true,
      // It would tell of connections that are cut when the database is dropped.
      errorLog() {},
    });
    return {
      engine,
      async close() {
        await engine.close();
        await close();
      },
    };
  },

  async memorystore() {
    return { engine: new (createMemoryStore(session))({ checkPeriod: 60_000 }), close() {} };
  },

  async 'session-file-store'() {
    const path = await mkdtemp(join(tmpdir(), 'express-store-'));
    const engine = new (createFileStore(session))({ path, retries: 0, reapInterval: -1, logFn() {} });
    return { engine, close: () => rm(path, { recursive: true }) };
  },
};

async function opened(open: () => Promise<Opened>): Promise<ContractSubject & { store: ExpressSessionStore }> {
  const { close, engine } = await open();
  return { store: new ExpressSessionStore(engine), close };
}

for (const [name, open] of Object.entries(ENGINES)) {
  describeSessionStore(`ExpressSessionStore on ${name}`, () => opened(open), RUNNER, {
    without: ['atomicUpdate', 'oneLiveToken', 'revocable', 'listable', 'sweepable'],
  });
}

// One engine that answers in order, and one with a pool, where only the turns keep the order.
for (const name of ['memorystore', 'connect-pg-simple']) {
  const claimed = async () => {
    const { close, store } = await opened(ENGINES[name]!);
    return { store: claiming(store, { atomicUpdate: true, oneLiveToken: true, revocable: true }), close };
  };
  describeSessionStore(`ExpressSessionStore on ${name}, in one process`, claimed, RUNNER, {
    without: ['listable', 'sweepable'],
  });
}
