import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  Controller,
  Get,
  Injectable,
  type MiddlewareConsumer,
  Module,
  type NestMiddleware,
  type NestModule,
} from '@nestjs/common';
import { MemorySessionStore, Session, SessionModule, SessionService } from 'nest-sessions';
import { Browser } from '../browser.js';
import type { Surface } from '../surface.js';

@Injectable()
class CountingMiddleware implements NestMiddleware {
  constructor(private readonly sessions: SessionService) {}

  async use(request: IncomingMessage, response: ServerResponse, next: () => void) {
    const session = await this.sessions.of<{ visits: number }>(request, response);
    session.set('visits', (session.get('visits') ?? 0) + 1);
    next();
  }
}

@Controller()
class VisitController {
  @Get('visits')
  visits(@Session('visits') visits: number) {
    return { visits };
  }
}

@Module({ imports: [SessionModule.forRoot(new MemorySessionStore())], controllers: [VisitController] })
class MiddlewareModule implements NestModule {
  configure(consumer: MiddlewareConsumer) {
    consumer.apply(CountingMiddleware).forRoutes('*path');
  }
}

export const surface: Surface = {
  name: 'Nest middleware',
  module: () => MiddlewareModule,
  async drive(url) {
    const browser = new Browser(url);
    await browser.get('/visits');
    await browser.get('/unknown');
    assert.deepEqual(await (await browser.get('/visits')).json(), { visits: 3 });
  },
};
