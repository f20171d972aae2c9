import assert from 'node:assert/strict';
import { Controller, Get, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Session, SessionModule } from 'nest-sessions';
import { CreateSessionTables, SessionEntity, SessionEpochEntity, TypeOrmSessionStore } from 'nest-sessions/typeorm';
import { Browser } from '../browser.js';
import type { Surface } from '../surface.js';

@Controller()
class VisitController {
  @Get('visit')
  async visit(@Session() session: Session<{ visits: number }>) {
    return { visits: await session.update('visits', (visits = 0) => visits + 1) };
  }
}

export const surface: Surface = {
  name: 'TypeORM, sessions in Postgres',
  module() {
    @Module({
      imports: [
        TypeOrmModule.forRoot({
          type: 'postgres',
          url: process.env['DATABASE_URL'],
          entities: [SessionEntity, SessionEpochEntity],
          migrations: [CreateSessionTables],
          migrationsRun: true,
        }),
        SessionModule.forRoot(TypeOrmSessionStore),
      ],
      controllers: [VisitController],
    })
    class PostgresModule {}
    return PostgresModule;
  },
  async drive(url) {
    const browser = new Browser(url);
    await browser.get('/visit');
    await Promise.all(Array.from({ length: 10 }, () => browser.get('/visit')));
    assert.deepEqual(await (await browser.get('/visit')).json(), { visits: 12 });
  },
};
