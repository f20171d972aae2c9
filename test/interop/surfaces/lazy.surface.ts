import assert from 'node:assert/strict';
import { Controller, Get, Module, Req, UseGuards } from '@nestjs/common';
import {
  MemorySessionStore,
  type RequestLike,
  Session,
  SessionAuthGuard,
  SessionModule,
  SessionService,
  SkipSession,
} from 'nest-sessions';
import { FaultySessionStore } from 'nest-sessions/testing';
import { Browser } from '../browser.js';
import type { Surface } from '../surface.js';

@Controller()
class LazyController {
  constructor(private readonly sessions: SessionService) {}

  @Get('login')
  login(@Session() session: Session) {
    session.login('ada');
  }

  @Get('plain')
  plain() {
    return 'plain';
  }

  @Get('skipped')
  @SkipSession()
  skipped() {
    return 'skipped';
  }

  @Get('service')
  async service(@Req() request: RequestLike) {
    return (await this.sessions.of(request)).userId;
  }

  @Get('guarded')
  @UseGuards(SessionAuthGuard)
  guarded() {
    return 'guarded';
  }
}

const calls = new FaultySessionStore(new MemorySessionStore());

@Module({ imports: [SessionModule.forRoot(calls.store, { load: 'lazy' })], controllers: [LazyController] })
class LazyModule {}

export const surface: Surface = {
  name: "load: 'lazy', SessionService.of()",
  module: () => LazyModule,
  async drive(url) {
    const browser = new Browser(url);
    await browser.get('/login');
    calls.reset();
    assert.equal(await browser.text('/plain'), 'plain');
    assert.equal(await browser.text('/skipped'), 'skipped');
    assert.equal(calls.total, 0, 'nobody asked for the session');
    assert.equal(await browser.text('/service'), 'ada');
    assert.equal(await browser.text('/guarded'), 'guarded');
    assert.equal((await new Browser(url).get('/guarded')).status, 401);
  },
};
