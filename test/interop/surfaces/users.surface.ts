import assert from 'node:assert/strict';
import { Body, Controller, Get, Module, Param, Post } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { MemorySessionStore, Public, Session, SessionAuthGuard, SessionModule, SessionService } from 'nest-sessions';
import { Browser } from '../browser.js';
import type { Surface } from '../surface.js';

@Controller()
class UserController {
  constructor(private readonly sessions: SessionService) {}

  @Post('cart')
  @Public()
  cart(@Session() session: Session<{ cart: string[] }>, @Body('sku') sku: string) {
    return session.update('cart', (cart = []) => [...cart, sku]);
  }

  @Post('login')
  @Public()
  async login(@Body('user') user: string) {
    const session = await this.sessions.current();
    session.login(user, { label: 'a browser' });
  }

  @Get('me')
  me(@Session() session: Session<{ cart: string[] }>) {
    return { user: session.userId, cart: session.get('cart') };
  }

  @Get('devices')
  devices(@Session() { userId }: Session) {
    return this.sessions.list(userId!);
  }

  @Post('revoke/:id')
  revoke(@Session() { userId }: Session, @Param('id') id: string) {
    return this.sessions.revoke(id, { userId: userId! });
  }

  @Post('logout')
  logout(@Session() session: Session) {
    session.logout();
  }
}

@Module({
  imports: [SessionModule.forRoot(new MemorySessionStore(), { secret: 'a secret of at least 32 bytes, for tests' })],
  controllers: [UserController],
  providers: [{ provide: APP_GUARD, useClass: SessionAuthGuard }],
})
class UserModule {}

export const surface: Surface = {
  name: 'guard, login, devices, revoke, logout',
  module: () => UserModule,
  async drive(url) {
    const [phone, laptop] = [new Browser(url), new Browser(url)];
    assert.equal((await phone.get('/me')).status, 401);

    assert.deepEqual(await (await phone.post('/cart', { sku: 'tea' })).json(), ['tea']);
    const [before] = phone.jar.values();
    await phone.post('/login', { user: 'ada' });
    assert.notEqual([...phone.jar.values()][0], before, 'a login gives a new token');
    assert.deepEqual(await (await phone.get('/me')).json(), { user: 'ada', cart: ['tea'] });

    await laptop.post('/login', { user: 'ada' });
    const devices = (await (await laptop.get('/devices')).json()) as { id: string; label: string }[];
    assert.deepEqual(
      devices.map(({ label }) => label),
      ['a browser', 'a browser'],
    );
    const ofPhone = devices.find(({ id }) => [...phone.jar.values()][0]?.startsWith(id));
    assert.equal((await laptop.post(`/revoke/${ofPhone?.id}`)).status, 201);
    assert.equal((await phone.get('/me')).status, 401);

    await laptop.post('/logout');
    assert.equal(laptop.jar.size, 0, 'a logout clears the cookie');
    assert.equal((await laptop.get('/me')).status, 401);
  },
};
