import path from 'node:path';
import { TypeOrmModule } from '@nestjs/typeorm';
import { TypeOrmSessionStore } from 'nest-sessions/typeorm';
import { startPostgres } from '../../scripts/postgres.js';
import { type Config, DATA_DIR } from '../config.js';
import { databaseOptions } from '../database.options.js';
import { nothingToClose, type OpenedStore, withoutPassword } from './opened-store.js';

/** The Postgres that was asked for, or one of our own: a real one, from npm, that comes and goes with the shop. */
export async function openPostgres({ env }: Config): Promise<OpenedStore> {
  const url = env['DATABASE_URL'];
  if (!url) {
    const postgres = await startPostgres({ dataDir: path.join(DATA_DIR, 'postgres') });
    const where = `${postgres.dataDir}: a real Postgres, which comes and goes with the shop`;
    return { ...at(postgres.url), where, close: () => postgres.stop() };
  }
  if (!/^postgres(ql)?:/.test(url) || !URL.canParse(url)) {
    // It has a password in it, so it is not shown.
    throw new Error('DATABASE_URL must look like postgres://user:password@host:5432/database.');
  }
  return { ...at(url), where: withoutPassword(url), close: nothingToClose };
}

function at(url: string): Pick<OpenedStore, 'store' | 'imports'> {
  return {
    store: TypeOrmSessionStore,
    // One attempt: whoever starts a demo wants to be told at once that the database is not there.
    imports: [TypeOrmModule.forRoot({ ...databaseOptions(url), migrationsRun: true, retryAttempts: 1 })],
  };
}
