/** The examples of docs/stores.md, so that they are compiled. */
import { TypeOrmModule } from '@nestjs/typeorm';
import { RedisStore } from 'connect-redis';
import { MemcacheClient } from 'memcache-client';
import { MemorySessionStore, SessionModule } from 'nest-sessions';
import { CookieSessionStore } from 'nest-sessions/cookie';
import { ExpressSessionStore } from 'nest-sessions/express';
import { FileSessionStore } from 'nest-sessions/file';
import { MemcachedSessionStore } from 'nest-sessions/memcached';
import { RedisSessionStore } from 'nest-sessions/redis';
import { CreateSessionTables, sessionEntities, TypeOrmSessionStore } from 'nest-sessions/typeorm';
import { encrypted, migrating, tiered } from 'nest-sessions/wrappers';
import { createClient } from 'redis';
import { DataSource } from 'typeorm';

export function memory() {
  SessionModule.forRoot(new MemorySessionStore({ maxSessions: 50_000 }));
}

export function sql() {
  TypeOrmModule.forRoot({
    type: 'mariadb', // or 'mysql', both with mysql2; or 'better-sqlite3'
    url: process.env['DATABASE_URL'],
    entities: sessionEntities('mariadb'),
    migrations: [CreateSessionTables],
    migrationsRun: true,
  });
  SessionModule.forRoot(TypeOrmSessionStore);
}

export function relaxed() {
  SessionModule.forRoot({
    useFactory: (dataSource: DataSource) => new TypeOrmSessionStore(dataSource, { durability: 'relaxed' }),
    inject: [DataSource],
  });
}

export async function redis() {
  const client = await createClient({ url: process.env['REDIS_URL'] }).on('error', console.error).connect();
  const store = new RedisSessionStore(client, { prefix: 'shop:' });
  return { client, store };
}

type Client = Awaited<ReturnType<typeof redis>>['client'];

export async function nearCache() {
  const client = createClient({ url: process.env['REDIS_URL'], RESP: 3, emitInvalidate: true });
  await client.on('error', console.error).connect();
  const store = new RedisSessionStore(client, { nearCache: { maxSessions: 10_000, keepFor: 5_000 } });
  return store;
}

export function memcached() {
  const store = new MemcachedSessionStore({
    'cache-1': new MemcacheClient({ server: '10.0.0.1:11211' }),
    'cache-2': new MemcacheClient({ server: '10.0.0.2:11211' }),
  });
  return store;
}

export function file() {
  const store = new FileSessionStore({ directory: '/var/lib/shop/sessions', fsync: 'full' });
  return store;
}

export function cookie(client: Client) {
  SessionModule.forRoot(
    new CookieSessionStore({
      keys: [process.env['SESSION_KEY']!, process.env['OLD_SESSION_KEY']!], // the first seals, all open
      revocations: new RedisSessionStore(client), // or, knowingly: acceptReplayFor: '90d'
    }),
  );
}

export function express(client: Client) {
  const store = new ExpressSessionStore(new RedisStore({ client, prefix: 'nest:' }));
  return store;
}

export function wrappers(client: Client, dataSource: DataSource, newKey: string, oldKey: string) {
  const sealed = encrypted(new RedisSessionStore(client), [newKey, oldKey]);
  const cached = tiered(new RedisSessionStore(client), new TypeOrmSessionStore(dataSource), { keepFor: 2_000 });
  const moving = migrating(new RedisSessionStore(client), new TypeOrmSessionStore(dataSource));
  return [sealed, cached, moving];
}
