import assert from 'node:assert/strict';
import { Controller, Get, type MessageEvent, Module, Sse } from '@nestjs/common';
import { MemorySessionStore, Session, SessionModule } from 'nest-sessions';
import { from, type Observable } from 'rxjs';
import { Browser } from '../browser.js';
import type { Surface } from '../surface.js';

@Controller()
class EventController {
  @Sse('events')
  events(@Session() session: Session<{ seen: string }>): Observable<MessageEvent> {
    session.set('seen', 'events');
    return from([{ data: 'one' }, { data: 'two' }]);
  }

  @Get('seen')
  seen(@Session('seen') seen: string) {
    return seen;
  }
}

@Module({ imports: [SessionModule.forRoot(new MemorySessionStore())], controllers: [EventController] })
class EventModule {}

export const surface: Surface = {
  name: '@Sse()',
  module: () => EventModule,
  async drive(url) {
    const browser = new Browser(url);
    const events = await browser.text('/events');
    assert.match(events, /data: one\n\n[^]*data: two\n\n/);
    assert.equal(await browser.text('/seen'), 'events');
  },
};
