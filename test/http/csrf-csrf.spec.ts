import { randomUUID } from 'node:crypto';
import { Controller, Get, HttpCode, type INestApplication, Post, Req, Res } from '@nestjs/common';
import cookieParser from 'cookie-parser';
import { doubleCsrf } from 'csrf-csrf';
import type { Request, Response } from 'express';
import { type RequestSession, requestSession, Session } from 'nest-sessions';
import type { AnySession } from '../support/actions.js';
import type { Client } from '../support/client.js';
import { STORES } from '../support/stores.js';
import { counts, LOADS, useApp } from '../support/use-app.js';

type CsrfRequest = Request & { session: RequestSession<{ csrf: string; passport: { user?: string } }> };

const KEY = 'correct horse battery staple, thirty-two bytes';

/** As docs/middleware.md has it. */
const { doubleCsrfProtection, generateCsrfToken } = doubleCsrf({
  getSecret: () => KEY,
  getSessionIdentifier: (request) => {
    const { session } = request as CsrfRequest;
    // Kept where a form is shown, so that no forged request makes a session.
    const seed = request.method === 'GET' ? (session.csrf ??= randomUUID()) : (session.csrf ?? '');
    return `${session.id} ${seed} ${session.passport?.user ?? ''}`;
  },
  // The test speaks plain http.
  cookieName: 'csrf',
  cookieOptions: { secure: false },
});

@Controller('csrf')
class CsrfController {
  @Get()
  token(@Req() request: Request, @Res({ passthrough: true }) response: Response) {
    return generateCsrfToken(request, response);
  }

  @Post()
  @HttpCode(200)
  change() {
    return 'changed';
  }

  @Post('login')
  @HttpCode(200)
  login(@Session() session: AnySession) {
    session.delete('csrf');
    session.login('ada');
  }

  /** What Passport does with `keepSessionInfo`. */
  @Post('login/keep')
  @HttpCode(200)
  async loginAndKeep(@Req() { session }: CsrfRequest) {
    session.passport = { user: 'ada' };
    await session.save();
  }

  @Post('login/regenerate')
  @HttpCode(200)
  async regenerate(@Req() request: CsrfRequest) {
    await request.session.regenerate();
    request.session.passport = { user: 'ada' };
  }
}

describe.each(LOADS)('csrf-csrf on request.session, %s', (load) => {
  const app = useApp(STORES['memory']!, {
    controllers: [CsrfController],
    options: { load },
    prepare: (nest: INestApplication) => void nest.use(cookieParser(), requestSession(), doubleCsrfProtection),
  });

  const tokenOf = async (client: Client) => (await client.get('/csrf')).text;
  const send = async (client: Client, token: string, path = '/csrf') =>
    (await client.post(path, undefined, { headers: { 'x-csrf-token': token } })).status;

  it('a token is good in its own session, and nowhere else', async () => {
    const [ada, eve] = [app.client(), app.client()];
    const token = await tokenOf(ada);
    expect(await tokenOf(ada)).toBe(token);
    expect(await send(ada, token)).toBe(200);
    await tokenOf(eve);
    eve.jar.set('csrf', ada.jar.get('csrf')!);
    expect(await send(eve, token)).toBe(403);
    expect(await send(eve, await tokenOf(eve))).toBe(200);
  });

  it.each(['/csrf/login', '/csrf/login/keep', '/csrf/login/regenerate'])(
    'I-13 a token from before %s is good no more, though the id of the session stays',
    async (path) => {
      const client = app.client();
      const token = await tokenOf(client);
      const id = client.jar.get('sid')!.slice(0, 24);
      expect(await send(client, token, path)).toBe(200);
      expect(client.jar.get('sid')!.slice(0, 24)).toBe(id);
      expect(await send(client, token)).toBe(403);
      expect(await send(client, await tokenOf(client))).toBe(200);
    },
  );

  it('I-15 a stranger is refused without a store call, with a pair that matches as well', async () => {
    const stranger = app.client();
    stranger.jar.set('csrf', 'made.up');
    expect(await send(stranger, 'made.up')).toBe(403);
    expect(app.calls.calls).toEqual(counts());
  });
});
