import assert from 'node:assert/strict';
import { Controller, Get, Module, Redirect, Req } from '@nestjs/common';
import flash from 'connect-flash';
import { MemorySessionStore, requestSession, SessionModule } from 'nest-sessions';
import { Browser } from '../browser.js';
import type { Surface } from '../surface.js';

interface FlashRequest {
  flash(): Record<string, string[]>;
  flash(type: string, message: string): number;
}

@Controller()
class MessagesController {
  @Get('save')
  @Redirect('/messages')
  save(@Req() request: FlashRequest) {
    request.flash('notice', 'Saved.');
  }

  @Get('messages')
  messages(@Req() request: FlashRequest) {
    return request.flash();
  }
}

@Module({ imports: [SessionModule.forRoot(new MemorySessionStore())], controllers: [MessagesController] })
class MessagesModule {}

export const surface: Surface = {
  name: 'connect-flash',
  dashes: { fastify: 'connect-flash is middleware for Express; @fastify/flash is the one for Fastify' },
  module: () => MessagesModule,
  prepare: (app) => void app.use(requestSession(), flash()),
  async drive(url) {
    const browser = new Browser(url);
    assert.equal((await browser.get('/save')).status, 302);
    assert.deepEqual(await (await browser.get('/messages')).json(), { notice: ['Saved.'] });
    assert.deepEqual(await (await browser.get('/messages')).json(), {});
  },
};
