import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Controller, Get, Module, Post, Req, Res } from '@nestjs/common';
import cookieParser from 'cookie-parser';
import { doubleCsrf } from 'csrf-csrf';
import { MemorySessionStore, type RequestSession, requestSession, Session, SessionModule } from 'nest-sessions';
import { Browser } from '../browser.js';
import type { Surface } from '../surface.js';

const { doubleCsrfProtection, generateCsrfToken } = doubleCsrf({
  getSecret: () => 'correct horse battery staple, thirty-two bytes',
  getSessionIdentifier(request) {
    const { method, session } = request as unknown as { method: string; session: RequestSession<{ csrf: string }> };
    const seed = method === 'GET' ? (session.csrf ??= randomUUID()) : session.csrf;
    return `${session.id} ${seed}`;
  },
  cookieName: 'csrf',
  cookieOptions: { secure: false },
});

@Controller()
class FormController {
  @Get('form')
  form(@Req() request: never, @Res({ passthrough: true }) response: never) {
    return generateCsrfToken(request, response);
  }

  @Post('form')
  send() {
    return 'sent';
  }

  @Post('login')
  login(@Session() session: Session) {
    session.delete('csrf');
    session.login('ada');
  }
}

@Module({ imports: [SessionModule.forRoot(new MemorySessionStore())], controllers: [FormController] })
class FormModule {}

export const surface: Surface = {
  name: 'csrf-csrf',
  dashes: { fastify: 'csrf-csrf is middleware for Express; @fastify/csrf-protection is the one for Fastify' },
  module: () => FormModule,
  prepare: (app) => void app.use(cookieParser(), requestSession(), doubleCsrfProtection),
  async drive(url) {
    const browser = new Browser(url);
    const headers = { 'x-csrf-token': await browser.text('/form') };
    assert.equal((await browser.send('POST', '/form', { headers })).status, 201);
    assert.equal((await browser.send('POST', '/login', { headers })).status, 201);
    assert.equal((await browser.send('POST', '/form', { headers })).status, 403);
  },
};
