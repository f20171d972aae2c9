import { Body, Controller, Get, HttpCode, Post, Redirect, Req } from '@nestjs/common';
import flash from 'connect-flash';
import { csrfSync } from 'csrf-sync';
import type { Request } from 'express';
import { type RequestSession, requestSession } from 'nest-sessions';
import type { Client } from '../support/client.js';
import { STORES } from '../support/stores.js';
import { counts, LOADS, useApp } from '../support/use-app.js';

type AnyRequest = Request & { session: RequestSession };

@Controller('flash')
class FlashController {
  @Post()
  @Redirect('/flash')
  leave(@Req() request: Request, @Body() { type, message }: { type: string; message: string }) {
    request.flash(type, message);
  }

  @Get()
  take(@Req() request: Request) {
    return request.flash();
  }
}

const csrf = csrfSync();

@Controller('csrf')
class CsrfController {
  @Get()
  token(@Req() request: Request) {
    return csrf.generateToken(request);
  }

  @Post()
  @HttpCode(200)
  change() {
    return 'changed';
  }

  @Post('login')
  @HttpCode(200)
  async login(@Req() { session }: AnyRequest) {
    await session.regenerate();
  }
}

describe.each(LOADS)('middleware that uses request.session, %s', (load) => {
  describe('connect-flash', () => {
    const app = useApp(STORES['memory']!, {
      controllers: [FlashController],
      options: { load },
      prepare: (nest) => void nest.use(requestSession(), flash()),
    });

    const leave = (client: Client, type: string, message: string) => client.post('/flash', { type, message });

    it('I-10 a message is stored before the redirect leaves, and read once', async () => {
      const client = app.client();
      const answer = await leave(client, 'info', 'Welcome');
      expect([answer.status, answer.cookies.length]).toEqual([302, 1]);
      expect(app.calls.calls).toEqual(counts({ create: 1 }));
      await leave(client, 'info', 'Your cart was kept');
      await leave(client, 'error', 'One item is sold out');
      expect((await client.get('/flash')).json()).toEqual({
        info: ['Welcome', 'Your cart was kept'],
        error: ['One item is sold out'],
      });
      expect((await client.get('/flash')).json()).toEqual({});
    });
  });

  describe('csrf-sync', () => {
    const app = useApp(STORES['memory']!, {
      controllers: [CsrfController],
      options: { load },
      prepare: (nest) => void nest.use(requestSession(), csrf.csrfSynchronisedProtection),
    });

    const tokenOf = async (client: Client) => (await client.get('/csrf')).text;
    const send = async (client: Client, token: string, path = '/csrf') =>
      (await client.post(path, undefined, { headers: { 'x-csrf-token': token } })).status;

    it('a token is good in its own session, and nowhere else', async () => {
      const [ada, eve] = [app.client(), app.client()];
      const token = await tokenOf(ada);
      expect(await tokenOf(ada)).toBe(token);
      expect(await send(ada, token)).toBe(200);
      expect(await send(eve, token)).toBe(403);
      expect(await send(eve, await tokenOf(eve))).toBe(200);
      expect(await send(ada, 'made up')).toBe(403);
    });

    it('I-13 a token from before a login is good no more', async () => {
      const client = app.client();
      const token = await tokenOf(client);
      expect(await send(client, token, '/csrf/login')).toBe(200);
      expect(await send(client, token)).toBe(403);
      expect(await send(client, await tokenOf(client))).toBe(200);
    });

    it('I-15 a stranger is refused without a store call', async () => {
      expect(await send(app.client(), 'made up')).toBe(403);
      expect(app.calls.calls).toEqual(counts());
    });
  });
});
