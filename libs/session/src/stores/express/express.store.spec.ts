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
  /** Another one for the same sessions, as another process has it. */
  again?(): Promise<Opened>;
  close(): unknown;
}

/** The stores themselves, on real engines. */
const ENGINES: Readonly<Record<string, () => Promise<Opened>>> = {
  async 'connect-redis'() {
    const server = await startRedis();
    const again = async () => {
      const client = createClient({ url: server.url }).on('error', () => {});
      await client.connect();
      return { engine: new RedisStore({ client }), close: () => client.close() };
    };
    const first = await again();
    const close = async () => {
      await first.close();
      await server.stop();
    };
    return { engine: first.engine, again, close };
  },

  async 'connect-pg-simple'() {
    const { close, url } = await openDatabase();
    const again = async () => {
      const engine = new (connectPgSimple(session))({
        conString: url,
        createTableIfMissing: true,
        // It would tell of connections that are cut when the database is dropped.
        errorLog() {},
      });
      return { engine, close: () => engine.close() };
    };
    const first = await again();
    return {
      engine: first.engine,
      again,
      async close() {
        await first.close();
        await close();
      },
    };
  },

  async memorystore() {
    return { engine: new (createMemoryStore(session))({ checkPeriod: 60_000 }), close() {} };
  },

  async 'session-file-store'() {
    const path = await mkdtemp(join(tmpdir(), 'express-store-'));
    const again = async () => {
      const engine = new (createFileStore(session))({ path, retries: 0, reapInterval: -1, logFn() {} });
      return { engine, close() {} };
    };
    return { ...(await again()), again, close: () => rm(path, { recursive: true }) };
  },
};

type Subject = ContractSubject & Pick<Opened, 'again'> & { store: ExpressSessionStore };

async function opened(open: () => Promise<Opened>): Promise<Subject> {
  const { again, close, engine } = await open();
  return { store: new ExpressSessionStore(engine), again, close };
}

for (const [name, open] of Object.entries(ENGINES)) {
  describeSessionStore(`ExpressSessionStore on ${name}`, () => opened(open), RUNNER, {
    without: ['atomicUpdate', 'oneLiveToken', 'revocable', 'listable', 'sweepable'],
    ...(name !== 'memorystore' && { another: ({ again }) => opened(again!) }),
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
