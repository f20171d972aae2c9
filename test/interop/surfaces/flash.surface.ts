import assert from 'node:assert/strict';
import { Controller, Get, Module, Redirect } from '@nestjs/common';
import { MemorySessionStore, Session, SessionModule } from 'nest-sessions';
import { Browser } from '../browser.js';
import type { Surface } from '../surface.js';

@Controller()
class FlashController {
  @Get('save')
  @Redirect('/messages')
  save(@Session() session: Session) {
    session.flash('notice', 'Saved.');
  }

  @Get('messages')
  messages(@Session() session: Session) {
    return session.flashes('notice');
  }
}

@Module({ imports: [SessionModule.forRoot(new MemorySessionStore())], controllers: [FlashController] })
class FlashModule {}

export const surface: Surface = {
  name: 'flash messages',
  module: () => FlashModule,
  async drive(url) {
    const browser = new Browser(url);
    assert.equal((await browser.get('/save')).status, 302);
    assert.deepEqual(await (await browser.get('/messages')).json(), ['Saved.']);
    assert.deepEqual(await (await browser.get('/messages')).json(), []);
  },
};
