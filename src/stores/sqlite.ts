import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { TypeOrmModule } from '@nestjs/typeorm';
import libsql from 'libsql';
import { CreateSessionTables, sessionEntities, TypeOrmSessionStore } from 'nest-sessions/typeorm';
import { type Config, DATA_DIR } from '../config.js';
import { nothingToClose, type OpenedStore } from './opened-store.js';

export async function openSqlite({ env }: Config): Promise<OpenedStore> {
  const file = path.resolve(env['SQLITE_FILE'] || path.join(DATA_DIR, 'sessions.sqlite'));
  await mkdir(path.dirname(file), { recursive: true });
  const database = TypeOrmModule.forRoot({
    type: 'better-sqlite3',
    // The same API, and unlike better-sqlite3 it comes from npm as it is. In an application of yours, take that one.
    driver: libsql,
    database: file,
    enableWAL: true,
    timeout: 250,
    entities: sessionEntities('better-sqlite3'),
    migrations: [CreateSessionTables],
    migrationsRun: true,
    retryAttempts: 1,
  });
  return { store: TypeOrmSessionStore, imports: [database], where: file, close: nothingToClose };
}
