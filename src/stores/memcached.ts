import { MemcacheClient } from 'memcache-client';
import { MemcachedSessionStore } from 'nest-sessions/memcached';
import type { Config } from '../config.js';
import type { OpenedStore } from './opened-store.js';

export async function openMemcached({ env }: Config): Promise<OpenedStore> {
  const server = env['MEMCACHED_SERVER'] || '127.0.0.1:11211';
  if (!/^[^\s:/]+:\d+$/.test(server)) throw new Error(`MEMCACHED_SERVER is '${server}', and must be host:port.`);
  const client = new MemcacheClient({ server });
  return {
    store: new MemcachedSessionStore({ [server]: client }, { prefix: 'cookie-jar:' }),
    imports: [],
    where: `${server}: a cache, which forgets when it is full or restarted`,
    close: async () => client.shutdown(),
  };
}
