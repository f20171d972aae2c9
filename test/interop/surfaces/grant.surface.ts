import assert from 'node:assert/strict';
import { Controller, Get, Module, UnauthorizedException } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import grant from 'grant';
import { MemorySessionStore, requestSession, Session, SessionModule } from 'nest-sessions';
import { Browser } from '../browser.js';
import type { Surface } from '../surface.js';
import { AuthorizationServer } from '../authorization-server.js';

/** Its types say one thing of modules and another of CommonJS. */
const { default: handlerOf } = grant as unknown as { default: (options: object) => never };

let server: AuthorizationServer;

@Controller()
class WelcomeController {
  @Get('welcome')
  welcome(@Session() session: Session<{ grant: { response?: { access_token?: string } } }>) {
    const token = session.get('grant')?.response?.access_token;
    session.delete('grant');
    if (token === undefined) throw new UnauthorizedException();
    session.login('ada');
    return { userId: session.userId };
  }
}

@Module({ imports: [SessionModule.forRoot(new MemorySessionStore())], controllers: [WelcomeController] })
class WelcomeModule {}

const config = ({ url }: AuthorizationServer) => ({
  defaults: { origin: 'http://127.0.0.1', transport: 'session' as const, state: true, pkce: true },
  shop: {
    oauth: 2,
    authorize_url: `${url}/authorize`,
    access_url: `${url}/token`,
    key: 'shop',
    secret: 'open sesame',
    callback: '/welcome',
  },
});

export const surface: Surface = {
  name: 'grant, state and PKCE',
  async module() {
    server = await new AuthorizationServer().start();
    return WelcomeModule;
  },
  async prepare(app, adapter) {
    const handler = handlerOf({ handler: adapter, config: config(server) });
    if (adapter === 'express') return void app.use(requestSession(), handler);
    const fastify = app as NestFastifyApplication;
    await fastify.register(requestSession());
    await fastify.register(handler);
  },
  async drive(url) {
    const [ada, eve] = [new Browser(url), new Browser(url)];
    const path = await server.back(await ada.get('/connect/shop'));
    await eve.get('/connect/shop');
    await eve.get(path);
    assert.equal((await eve.get('/welcome')).status, 401);
    assert.equal((await ada.get(path)).headers.get('location')?.startsWith('/welcome'), true);
    assert.deepEqual(await (await ada.get('/welcome')).json(), { userId: 'ada' });
    server.close();
  },
};
