import assert from 'node:assert/strict';
import { Controller, Get, Inject, Module, UseGuards } from '@nestjs/common';
import {
  getSessionToken,
  MemorySessionStore,
  Session,
  SessionAuthGuard,
  SessionModule,
  SessionService,
} from 'nest-sessions';
import { Browser } from '../browser.js';
import type { Surface } from '../surface.js';

@Controller()
class NamedController {
  constructor(@Inject(getSessionToken(SessionService, 'admin')) private readonly admins: SessionService) {}

  @Get('login')
  login(@Session({ name: 'admin' }) admin: Session, @Session() session: Session<{ seen: boolean }>) {
    admin.login('root');
    session.set('seen', true);
  }

  @Get('admin')
  @UseGuards(new SessionAuthGuard('admin'))
  async admin(@Session() { userId }: Session) {
    return { user: userId ?? 'nobody', admin: (await this.admins.current()).userId };
  }
}

@Module({
  imports: [
    SessionModule.forRoot(new MemorySessionStore()),
    SessionModule.forRoot(new MemorySessionStore(), { name: 'admin', cookie: { sameSite: 'strict' } }),
  ],
  controllers: [NamedController],
})
class NamedModule {}

export const surface: Surface = {
  name: 'two named sessions',
  module: () => NamedModule,
  async drive(url) {
    const browser = new Browser(url);
    assert.equal((await browser.get('/admin')).status, 401);
    await browser.get('/login');
    assert.deepEqual([...browser.jar.keys()].sort(), ['admin-sid', 'sid']);
    assert.deepEqual(await (await browser.get('/admin')).json(), { user: 'nobody', admin: 'root' });
  },
};
