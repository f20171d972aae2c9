import assert from 'node:assert/strict';
import fastifyCsrf from '@fastify/csrf-protection';
import { Controller, Get, Module, Post, Res } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { MemorySessionStore, requestSession, SessionModule } from 'nest-sessions';
import { Browser } from '../browser.js';
import type { Surface } from '../surface.js';

/** What the plugin adds to Fastify, whose types each version of Nest brings along. */
interface Protected {
  csrfProtection(request: unknown, reply: unknown, done: () => void): void;
  addHook(name: 'preValidation', hook: (request: { method: string }, reply: unknown, done: () => void) => void): void;
}

@Controller()
class FormController {
  @Get('form')
  form(@Res({ passthrough: true }) reply: { generateCsrf(): string }) {
    return reply.generateCsrf();
  }

  @Post('form')
  send() {
    return 'sent';
  }
}

@Module({ imports: [SessionModule.forRoot(new MemorySessionStore())], controllers: [FormController] })
class FormModule {}

export const surface: Surface = {
  name: '@fastify/csrf-protection',
  dashes: { express: '@fastify/csrf-protection is a plugin for Fastify; csrf-sync is one for Express' },
  module: () => FormModule,
  async prepare(app) {
    const fastify = app as NestFastifyApplication;
    await fastify.register(requestSession());
    await fastify.register(fastifyCsrf as never, { sessionPlugin: '@fastify/session' } as never);
    const instance = fastify.getHttpAdapter().getInstance() as unknown as Protected;
    instance.addHook('preValidation', (request, reply, done) => {
      if (request.method === 'POST') instance.csrfProtection(request, reply, done);
      else done();
    });
  },
  async drive(url) {
    const [ada, eve] = [new Browser(url), new Browser(url)];
    const headers = { 'x-csrf-token': await ada.text('/form') };
    await eve.text('/form');
    assert.equal((await ada.send('POST', '/form', { headers })).status, 201);
    assert.equal((await eve.send('POST', '/form', { headers })).status, 403);
  },
};
