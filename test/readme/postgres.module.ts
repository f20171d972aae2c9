import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { SessionModule } from 'nest-sessions';
import { CreateSessionTables, SessionEntity, SessionEpochEntity, TypeOrmSessionStore } from 'nest-sessions/typeorm';

@Module({
  imports: [
    TypeOrmModule.forRoot({
      type: 'postgres',
      url: process.env.DATABASE_URL,
      entities: [SessionEntity, SessionEpochEntity],
      migrations: [CreateSessionTables],
      migrationsRun: true,
    }),
    SessionModule.forRoot(TypeOrmSessionStore, { secret: process.env.SESSION_SECRET, idleTimeout: '30m' }),
  ],
})
export class AppModule {}
