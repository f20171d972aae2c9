import { Body, Controller, Get, HttpCode, Post, Req, UseGuards } from '@nestjs/common';
import type { Request } from 'express';
import { type RequestSession, requestSession, Session, SessionAuthGuard } from 'nest-sessions';
import { act, ActionController } from '../support/actions.js';
import type { Client } from '../support/client.js';
import { STORES } from '../support/stores.js';
import { counts, LOADS, useApp } from '../support/use-app.js';

type Fields = { user: string | number | null; cart: string[] };
type AnyRequest = Request & { session: RequestSession<Fields> };

/** Who is logged in is in a field, as applications on express-session have it that do without Passport. */
@Controller()
class FieldController {
  @Post('login')
  @HttpCode(200)
  login(@Req() { session }: AnyRequest, @Body() { user }: { user: string }) {
    session.user = user;
  }

  @Post('logout')
  @HttpCode(200)
  logout(@Req() { session }: AnyRequest) {
    delete session.user;
  }

  @Post('logout/saved')
  @HttpCode(200)
  async logoutAndSave(@Req() { session }: AnyRequest) {
    delete session.user;
    await session.save();
  }

  /** As the documentation of express-session has it. */
  @Post('logout/documented')
  @HttpCode(200)
  async logoutAsDocumented(@Req() { session }: AnyRequest) {
    session.user = null;
    await session.save();
    await session.regenerate();
  }

  @Post('logout/null')
  @HttpCode(200)
  logoutByNull(@Req() { session }: AnyRequest) {
    session.user = null;
  }

  @Post('logout/ours')
  @HttpCode(200)
  logoutOfOurs(@Session() session: Session<Fields>) {
    session.delete('user');
  }

  @Post('login/ours')
  @HttpCode(200)
  loginOfOurs(@Session() session: Session<Fields>) {
    session.set('user', 'bob');
  }

  @Get('nothing')
  nothing() {}

  @Get('profile')
  @UseGuards(SessionAuthGuard)
  profile(@Session() { userId }: Session) {
    return userId;
  }
}

describe.each(LOADS)('who is logged in by a field, %s', (load) => {
  const app = useApp(STORES['memory']!, {
    controllers: [FieldController, ActionController],
    options: { load },
    prepare: (nest) => void nest.use(requestSession({ userId: ({ user }: Partial<Fields>) => user })),
  });

  const profile = async (client: Client) => (await client.get('/profile')).text;

  async function ada(): Promise<Client> {
    const client = app.client();
    await client.post('/login', { user: 'ada' });
    expect(await profile(client)).toBe('ada');
    return client;
  }

  const WAYS = ['/logout', '/logout/saved', '/logout/documented', '/logout/null', '/logout/ours'];

  it.each(WAYS)('is logged out without it: %s', async (path) => {
    const client = await ada();
    const copy = client.copy();
    expect((await client.post(path)).status).toBe(200);
    for (const one of [client, copy]) expect((await one.get('/profile')).status).toBe(401);
    expect(await app.service.list('ada')).toEqual([]);
  });

  it('is whom it comes to name, also where our own session says so', async () => {
    const client = await ada();
    await client.post('/login/ours');
    expect(await profile(client)).toBe('bob');
    expect(await app.service.list('ada')).toEqual([]);
  });

  it('may be a number, and nobody is NaN', async () => {
    const client = app.client();
    await client.post('/login', { user: 42 });
    expect(await profile(client)).toBe('42');
    await act(client, (session) => void session.set('user', Number.NaN));
    expect((await client.get('/profile')).status).toBe(401);
  });

  it('stays logged in by session.login(), whatever the field says', async () => {
    const client = app.client();
    await act(client, (session) => session.login('cay'));
    await act(client, (session) => void session.set('cart', ['tea']));
    expect(await profile(client)).toBe('cay');
  });

  it('an answer that does not depend on the session says nothing of it', async () => {
    const client = await ada();
    app.calls.reset();
    expect((await client.get('/nothing')).headers.get('vary')).toBeNull();
    expect(app.calls.calls).toEqual(counts({ read: 1 }));
  });
});
