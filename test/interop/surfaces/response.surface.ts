import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { Controller, Get, Module, Res, StreamableFile } from '@nestjs/common';
import { MemorySessionStore, Session, SessionModule } from 'nest-sessions';
import { Browser } from '../browser.js';
import type { Surface } from '../surface.js';

type Seen = { seen: string };

/** What Express's response and Fastify's reply have in common. */
interface AnyResponse {
  send(body: unknown): unknown;
  redirect(url: string): unknown;
}

@Controller()
class ResponseController {
  @Get('sent')
  sent(@Session() session: Session<Seen>, @Res() response: AnyResponse) {
    session.set('seen', 'sent');
    response.send('sent');
  }

  @Get('later')
  later(@Session() session: Session<Seen>, @Res() response: AnyResponse) {
    setImmediate(() => {
      session.set('seen', 'later');
      response.send('later');
    });
  }

  @Get('redirected')
  redirected(@Session() session: Session<Seen>, @Res() response: AnyResponse) {
    session.set('seen', 'redirected');
    response.redirect('/seen');
  }

  @Get('passthrough')
  passthrough(@Session() session: Session<Seen>, @Res({ passthrough: true }) _response: AnyResponse) {
    session.set('seen', 'passthrough');
    return 'passthrough';
  }

  @Get('file')
  file(@Session() session: Session<Seen>) {
    session.set('seen', 'file');
    return new StreamableFile(Readable.from([Buffer.from('fi'), Buffer.from('le')]));
  }

  @Get('seen')
  seen(@Session('seen') seen: string) {
    return seen;
  }
}

@Module({ imports: [SessionModule.forRoot(new MemorySessionStore())], controllers: [ResponseController] })
class ResponseModule {}

export const surface: Surface = {
  name: '@Res(), passthrough, StreamableFile',
  module: () => ResponseModule,
  async drive(url) {
    for (const way of ['sent', 'later', 'redirected', 'passthrough', 'file']) {
      const browser = new Browser(url);
      const body = await browser.text(`/${way}`);
      if (way !== 'redirected') assert.equal(body, way);
      assert.equal(await browser.text('/seen'), way);
    }
  },
};
