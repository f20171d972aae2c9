import assert from 'node:assert/strict';
import fastifyFlash from '@fastify/flash';
import { Controller, Get, Module, Redirect, Req, Res } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { MemorySessionStore, requestSession, SessionModule } from 'nest-sessions';
import { Browser } from '../browser.js';
import type { Surface } from '../surface.js';

@Controller()
class MessagesController {
  @Get('save')
  @Redirect('/messages')
  save(@Req() request: { flash(type: string, message: string): number }) {
    request.flash('notice', 'Saved.');
  }

  @Get('messages')
  messages(@Res({ passthrough: true }) reply: { flash(type: string): string[] }) {
    return reply.flash('notice');
  }
}

@Module({ imports: [SessionModule.forRoot(new MemorySessionStore())], controllers: [MessagesController] })
class MessagesModule {}

export const surface: Surface = {
  name: '@fastify/flash',
  dashes: { express: '@fastify/flash is a plugin for Fastify; connect-flash is the one for Express' },
  module: () => MessagesModule,
  async prepare(app) {
    const fastify = app as NestFastifyApplication;
    await fastify.register(requestSession());
    await fastify.register(fastifyFlash);
  },
  async drive(url) {
    const browser = new Browser(url);
    assert.equal((await browser.get('/save')).status, 302);
    assert.deepEqual(await (await browser.get('/messages')).json(), ['Saved.']);
    assert.deepEqual(await (await browser.get('/messages')).json(), []);
  },
};
