import { RedisSessionStore } from 'nest-sessions/redis';
import { createClient } from 'redis';
import type { Config } from '../config.js';
import { type OpenedStore, withoutPassword } from './opened-store.js';

export async function openRedis({ env }: Config): Promise<OpenedStore<RedisSessionStore>> {
  const url = env['REDIS_URL'] || 'redis://127.0.0.1:6379';
  if (!/^rediss?:/.test(url) || !URL.canParse(url)) {
    throw new Error('REDIS_URL must look like redis://user:password@host:6379/0.');
  }
  let connected = false;
  const client = createClient({
    url,
    // Later outages pass; a server that is not there at the start is a mistake to be told at once.
    socket: { reconnectStrategy: (retries, cause) => (connected ? Math.min(retries * 50, 1_000) : cause) },
  });
  // Without a listener the client would end the process. The store tells of what fails.
  client.on('error', () => {});
  await client.connect().catch((cause: Error) => {
    throw new Error(
      `${withoutPassword(url)} does not answer (${cause.message}). Is that where Redis is? See REDIS_URL.`,
    );
  });
  connected = true;
  return {
    store: new RedisSessionStore(client, { prefix: 'cookie-jar:' }),
    imports: [],
    where: withoutPassword(url),
    close: async () => client.destroy(),
  };
}
