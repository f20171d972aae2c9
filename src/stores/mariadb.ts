import { TypeOrmModule } from '@nestjs/typeorm';
import { CreateSessionTables, sessionEntities, TypeOrmSessionStore } from 'nest-sessions/typeorm';
import type { Config } from '../config.js';
import { nothingToClose, type OpenedStore, withoutPassword } from './opened-store.js';

export async function openMariadb({ env }: Config): Promise<OpenedStore> {
  const url = env['MARIADB_URL'] || 'mysql://root@127.0.0.1:3306/cookie_jar';
  if (!/^(mysql|mariadb):/.test(url) || !URL.canParse(url)) {
    // It has a password in it, so it is not shown.
    throw new Error('MARIADB_URL must look like mysql://user:password@host:3306/database.');
  }
  const database = TypeOrmModule.forRoot({
    type: 'mariadb',
    url,
    entities: sessionEntities('mariadb'),
    migrations: [CreateSessionTables],
    migrationsRun: true,
    retryAttempts: 1,
  });
  return { store: TypeOrmSessionStore, imports: [database], where: withoutPassword(url), close: nothingToClose };
}
