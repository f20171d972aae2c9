import assert from 'node:assert/strict';
import { Controller, Get, Module } from '@nestjs/common';
import { MemorySessionStore, Session, SessionCommittedError, SessionModule } from 'nest-sessions';
import { Browser } from '../browser.js';
import type { Surface } from '../surface.js';

type Seen = { seen: string };

@Controller()
class StreamController {
  @Get('web')
  web(@Session() session: Session<Seen>) {
    session.set('seen', 'web');
    return new Response('web', { headers: { 'x-handler': 'yes' } });
  }

  @Get('generator')
  generator(@Session() session: Session<Seen>) {
    session.set('seen', 'generator');
    return (async function* () {
      yield 'genera';
      // The first byte has left with what was saved before it: a write from here on would be lost, and throws.
      assert.throws(() => session.set('seen', 'too late'), SessionCommittedError);
      yield 'tor';
    })();
  }

  @Get('seen')
  seen(@Session('seen') seen: string) {
    return seen;
  }
}

@Module({ imports: [SessionModule.forRoot(new MemorySessionStore())], controllers: [StreamController] })
class StreamModule {}

export const surface: Surface = {
  name: 'async generator, web Response',
  dashes: { 'nest-11': 'Nest sends async generators and web Responses from version 12 on' },
  module: () => StreamModule,
  async drive(url) {
    for (const way of ['web', 'generator']) {
      const browser = new Browser(url);
      assert.equal(await browser.text(`/${way}`), way);
      assert.equal(await browser.text('/seen'), way);
    }
  },
};
