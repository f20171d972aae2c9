import assert from 'node:assert/strict';
import { Controller, Get, Module, Post, Req } from '@nestjs/common';
import { csrfSync } from 'csrf-sync';
import { MemorySessionStore, requestSession, SessionModule } from 'nest-sessions';
import { Browser } from '../browser.js';
import type { Surface } from '../surface.js';

const { csrfSynchronisedProtection, generateToken } = csrfSync();

@Controller()
class FormController {
  @Get('form')
  form(@Req() request: never) {
    return generateToken(request);
  }

  @Post('form')
  send() {
    return 'sent';
  }
}

@Module({ imports: [SessionModule.forRoot(new MemorySessionStore())], controllers: [FormController] })
class FormModule {}

export const surface: Surface = {
  name: 'csrf-sync',
  dashes: { fastify: 'csrf-sync is middleware for Express; @fastify/csrf-protection is the one for Fastify' },
  module: () => FormModule,
  prepare: (app) => void app.use(requestSession(), csrfSynchronisedProtection),
  async drive(url) {
    const [ada, eve] = [new Browser(url), new Browser(url)];
    const headers = { 'x-csrf-token': await ada.text('/form') };
    await eve.text('/form');
    assert.equal((await ada.send('POST', '/form', { headers })).status, 201);
    assert.equal((await eve.send('POST', '/form', { headers })).status, 403);
  },
};
