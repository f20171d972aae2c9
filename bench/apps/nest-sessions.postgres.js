// @ts-check
import { TypeOrmModule } from '@nestjs/typeorm';
import { SessionModule } from 'nest-sessions';
import { CreateSessionTables, SessionEntity, SessionEpochEntity, TypeOrmSessionStore } from 'nest-sessions/typeorm';
import { Client } from 'pg';
import { countCalls, createApplication, POOL_SIZE } from './application.js';
import { access, OPTIONS } from './nest-sessions.js';

/** @param {import('./application.js').Settings} settings @returns {Promise<import('./application.js').Application>} */
export async function create({ url, load = 'eager' }) {
  const database = TypeOrmModule.forRoot({
    type: 'postgres',
    url,
    poolSize: POOL_SIZE,
    entities: [SessionEntity, SessionEpochEntity],
    migrations: [CreateSessionTables],
    migrationsRun: true,
  });
  const sessions = SessionModule.forRoot(TypeOrmSessionStore, { ...OPTIONS, load });
  return {
    app: await createApplication(access, { imports: [database, sessions] }),
    calls: countCalls(Client.prototype, ['query']),
  };
}
