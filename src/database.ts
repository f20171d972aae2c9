import path from 'node:path';
import { startPostgres } from '../scripts/postgres.js';
import { type Config, DATA_DIR } from './config.js';

export interface Database {
  /** Without one, sessions are kept in memory. */
  readonly url: string | undefined;
  /** Where the data is, for people. */
  readonly where: string;
  stop(): Promise<void>;
}

/** The Postgres that was asked for, or one of our own: a real one, from npm, that comes and goes with the shop. */
export async function openDatabase({ store, databaseUrl }: Config): Promise<Database> {
  const stop = async (): Promise<void> => {};
  if (store === 'memory') return { url: undefined, where: 'memory: gone when this ends', stop };
  if (databaseUrl) return { url: databaseUrl, where: withoutPassword(databaseUrl), stop };

  const postgres = await startPostgres({ dataDir: path.join(DATA_DIR, 'postgres') });
  return {
    url: postgres.url,
    where: `${postgres.dataDir}: a real Postgres, which comes and goes with the shop`,
    stop: () => postgres.stop(),
  };
}

function withoutPassword(text: string): string {
  const url = new URL(text);
  url.password = '';
  url.search = '';
  return url.href;
}
