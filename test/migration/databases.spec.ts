import connectPg from 'connect-pg-simple';
import { RedisStore } from 'connect-redis';
import session, { type Store } from 'express-session';
import type { SessionStore, UserIndex } from 'nest-sessions';
import { expressSession } from 'nest-sessions/migration';
import { RedisSessionStore } from 'nest-sessions/redis';
import { TypeOrmSessionStore } from 'nest-sessions/typeorm';
import { createClient } from 'redis';
import { startRedis } from '../../scripts/redis.js';
import { act, ActionController, NOBODY, seenBy } from '../support/actions.js';
import { startApp } from '../support/app.js';
import { movedTo, OLD_SECRET, oldUser, SECRET, startOldExpress } from '../support/old-app.js';
import { openDatabase } from '../support/postgres.js';

interface Databases {
  readonly old: Store;
  readonly store: SessionStore & UserIndex;
  /** Sessions in the old store. */
  countOld(): Promise<number>;
  close(): Promise<void>;
}

const DATABASES: Record<string, () => Promise<Databases>> = {
  async 'connect-pg-simple to Postgres'() {
    const database = await openDatabase();
    const old = new (connectPg(session))({ conString: database.url, createTableIfMissing: true, errorLog: () => {} });
    return {
      old,
      store: new TypeOrmSessionStore(database.dataSource),
      async countOld() {
        const [{ count }] = (await database.dataSource.query('SELECT count(*)::int AS count FROM session')) as [
          { count: number },
        ];
        return count;
      },
      async close() {
        await old.close();
        await database.close();
      },
    };
  },
  async 'connect-redis to Redis'() {
    const server = await startRedis();
    const client = await createClient({ url: server.url })
      .on('error', () => {})
      .connect();
    return {
      old: new RedisStore({ client }),
      store: new RedisSessionStore(client),
      countOld: async () => (await client.keys('sess:*')).length,
      async close() {
        client.destroy();
        await server.stop();
      },
    };
  },
};

describe.each(Object.entries(DATABASES))('from %s', (_name, open) => {
  it('nobody is logged out, parallel requests in two processes come to one session, and who logs out stays so', async () => {
    const databases = await open();
    const { old, store } = databases;
    const before = await startOldExpress({ store: old });
    const users = await Promise.all(['ada', 'bob', 'cay'].map((user) => oldUser(before, user)));
    expect(await databases.countOld()).toBe(3);
    const migrateFrom = expressSession({ secret: OLD_SECRET, store: old });
    const options = { secret: SECRET, migrateFrom, storeTimeout: '5s', requestBudget: '10s' };
    const apps = await Promise.all([1, 2].map(() => startApp({ controllers: [ActionController], store, options })));
    for (const [nth, user] of ['ada', 'bob', 'cay'].entries()) {
      const tabs = Array.from({ length: 20 }, (_, tab) => movedTo(apps[tab % 2]!, users[nth]!));
      const seen = await Promise.all(tabs.map(seenBy));
      expect(seen).toEqual(seen.map(() => expect.objectContaining({ userId: user, isNew: false })));
      expect(seen[0]!.data).toEqual({ passport: { user }, cart: ['tea'] });
      expect(new Set(tabs.map(({ jar }) => jar.get('sid'))).size).toBe(1);
      expect(await apps[0]!.service.list(user)).toHaveLength(1);
      await act(tabs[0]!, (mine) => mine.logout());
      for (const replay of [tabs[1]!, movedTo(apps[1]!, users[nth]!)]) expect(await seenBy(replay)).toEqual(NOBODY);
    }
    expect(await databases.countOld()).toBe(0);
    await Promise.all([before, ...apps].map((app) => app.close()));
    await databases.close();
  });
});
