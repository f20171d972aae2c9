import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Controller, Get, Module } from '@nestjs/common';
import session from 'express-session';
import { MemorySessionStore, Session, SessionModule } from 'nest-sessions';
import { expressSession } from 'nest-sessions/migration';
import type { Surface } from '../surface.js';

type Shopper = { user: string };

const old = {
  secret: 'keyboard cat',
  store: new session.MemoryStore(),
  resave: false,
  saveUninitialized: false,
};

@Controller('migration')
class MigrationController {
  @Get('me')
  me(@Session() mine: Session<Shopper>) {
    return { id: mine.id, userId: mine.userId, user: mine.get('user') };
  }

  @Get('logout')
  logout(@Session() mine: Session<Shopper>) {
    mine.logout();
    return {};
  }
}

interface Seen {
  id: string;
  userId?: string;
  user?: string;
}

/** A login at the application as it was: express-session on a server of its own. Gives the cookie. */
async function loginBefore(): Promise<string> {
  const middleware = session(old) as unknown as (
    request: IncomingMessage,
    response: ServerResponse,
    next: () => void,
  ) => void;
  const server = createServer((request, response) =>
    middleware(request, response, () => {
      Object.assign((request as unknown as { session: object }).session, { user: 'ada' });
      response.end();
    }),
  );
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const answer = await fetch(`http://127.0.0.1:${port}/`);
  await new Promise((done) => {
    server.close(done);
    server.closeAllConnections();
  });
  return pairs(answer).join('; ');
}

/** What an answer sets, as a browser would send it back. */
function pairs(answer: Response): string[] {
  const lines = answer.headers.getSetCookie().filter((line) => !line.includes('Max-Age=0'));
  return lines.map((line) => line.slice(0, line.indexOf(';')));
}

async function me(url: string, cookie: string): Promise<{ seen: Seen; cookies: string[] }> {
  const answer = await fetch(`${url}/migration/me`, { headers: { cookie } });
  return { seen: (await answer.json()) as Seen, cookies: pairs(answer) };
}

/** People whom express-session knew are known, in one session each, until they log out. */
export const surface: Surface = {
  name: 'migration from express-session',

  module() {
    const migrateFrom = expressSession<Shopper>(old, { userId: ({ user }) => user });
    const secret = 'correct horse battery staple, thirty-two bytes';
    const sessions = SessionModule.forRoot(new MemorySessionStore(), { secret, migrateFrom });
    @Module({ imports: [sessions], controllers: [MigrationController] })
    class MigrationModule {}
    return MigrationModule;
  },

  async drive(url) {
    const before = await loginBefore();
    assert.match(before, /^connect\.sid=/);
    const tabs = await Promise.all(Array.from({ length: 20 }, () => me(url, before)));
    for (const { cookies, seen } of tabs) {
      assert.deepEqual([seen.user, seen.userId, seen.id], ['ada', 'ada', tabs[0]?.seen.id]);
      assert.deepEqual(cookies, tabs[0]?.cookies);
    }
    const [ours = ''] = tabs[0]?.cookies ?? [];
    assert.equal((await me(url, ours)).seen.userId, 'ada');
    await fetch(`${url}/migration/logout`, { headers: { cookie: ours } });
    for (const replayed of [ours, before, `${ours}; ${before}`]) {
      assert.equal((await me(url, replayed)).seen.userId, undefined);
    }
  },
};
