import assert from 'node:assert/strict';
import { Body, Controller, Get, Module, Post, UseGuards } from '@nestjs/common';
import { Session, SessionAuthGuard, SessionModule } from 'nest-sessions';
import { CookieSessionStore } from 'nest-sessions/cookie';
import { Browser } from '../browser.js';
import type { Surface } from '../surface.js';

@Controller()
class SealedController {
  @Post('login')
  login(@Session() session: Session<{ cart: string[] }>, @Body('user') user: string) {
    session.login(user);
    session.set('cart', ['tea']);
  }

  @Get('me')
  @UseGuards(SessionAuthGuard)
  me(@Session() session: Session<{ cart: string[] }>) {
    return { user: session.userId, cart: session.get('cart') };
  }
}

const keys = 'a secret of at least 32 bytes, for tests';

@Module({
  imports: [SessionModule.forRoot(new CookieSessionStore({ keys, acceptReplayFor: '90d' }))],
  controllers: [SealedController],
})
class SealedModule {}

export const surface: Surface = {
  name: 'the encrypted cookie',
  module: () => SealedModule,
  async drive(url) {
    const browser = new Browser(url);
    await browser.post('/login', { user: 'ada' });
    assert.deepEqual(await (await browser.get('/me')).json(), { user: 'ada', cart: ['tea'] });
    for (const [name, value] of browser.jar) browser.jar.set(name, value.slice(0, -8) + 'AAAAAAAA');
    assert.equal((await browser.get('/me')).status, 401);
  },
};
