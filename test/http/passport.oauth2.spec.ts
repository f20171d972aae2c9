import { type CanActivate, Controller, type ExecutionContext, Get, Injectable, Req, UseGuards } from '@nestjs/common';
import { AuthGuard, PassportStrategy } from '@nestjs/passport';
import { Strategy } from 'passport-oauth2';
import type { Answer, Client } from '../support/client.js';
import { OAuthProvider } from '../support/oauth.js';
import { type AnyReply, isExpress, PLATFORMS } from '../support/platforms.js';
import { type PassportRequest, type ShopUser, withPassport } from '../support/passport.js';
import { STORES } from '../support/stores.js';
import { counts, LOADS, useApp } from '../support/use-app.js';

@Injectable()
class OAuthLoginGuard extends AuthGuard('oauth2') implements CanActivate {
  /** Passport redirects by methods of Node's response, which Fastify's reply does not have. */
  getResponse(context: ExecutionContext) {
    const response = context.switchToHttp().getResponse<AnyReply>();
    return isExpress(response) ? response : response.raw;
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const passed = (await super.canActivate(context)) as boolean;
    await super.logIn(context.switchToHttp().getRequest<PassportRequest>());
    return passed;
  }
}

@Controller('oauth')
@UseGuards(OAuthLoginGuard)
class OAuthController {
  @Get()
  begin() {
    throw new Error('the guard redirects');
  }

  @Get('callback')
  callback(@Req() { user }: PassportRequest) {
    return user;
  }
}

function strategyFor({ url }: OAuthProvider) {
  return new (class extends PassportStrategy(Strategy) {
    constructor() {
      super({
        authorizationURL: `${url}/authorize`,
        tokenURL: `${url}/token`,
        clientID: 'shop',
        clientSecret: 'open sesame',
        // A path would do on Express alone.
        callbackURL: 'http://127.0.0.1/oauth/callback',
        state: true,
        pkce: true,
      });
    }

    validate(): ShopUser {
      return { id: 'ada' };
    }
  })();
}

/** Where the provider sends the browser back to, as a path. */
async function consent(answer: Answer): Promise<string> {
  const { headers } = await fetch(answer.headers.get('location')!, { redirect: 'manual' });
  const { pathname, search } = new URL(headers.get('location')!);
  return pathname + search;
}

async function atProvider(client: Client): Promise<string> {
  return consent(await client.get('/oauth'));
}

describe.each(PLATFORMS.flatMap((platform) => LOADS.map((load) => [platform, load] as const)))(
  'passport-oauth2 with state and PKCE on %s, %s',
  (platform, load) => {
    const provider = new OAuthProvider();
    const settings = withPassport();
    const app = useApp(
      async () => {
        await provider.start();
        const { store } = await STORES['memory']!();
        return { store, close: () => provider.close() };
      },
      {
        ...settings,
        platform,
        options: { load },
        controllers: [...settings.controllers, OAuthController],
        providers: [...settings.providers!, { provide: 'strategy', useFactory: () => strategyFor(provider) }],
      },
    );

    it('I-10 C-7 the state is stored before the redirect leaves, and used up at the login, which has a new token', async () => {
      const client = app.client();
      const answer = await client.get('/oauth');
      expect(answer.status).toBe(302);
      expect(answer.cookies).toHaveLength(1);
      expect(app.calls.calls).toEqual(counts({ create: 1 }));
      const before = client.copy();
      const back = await client.get(await consent(answer));
      expect(back.json()).toEqual({ id: 'ada' });
      expect(client.cookieHeader).not.toBe(before.cookieHeader);
      expect((await client.get('/me')).json()).toMatchObject({
        user: 'ada',
        userId: 'ada',
        data: { passport: { user: 'ada' } },
      });
      expect((await before.get('/profile')).status).toBe(409);
      expect((await client.get('/profile')).text).toBe('ada');
    });

    it('a state is good once', async () => {
      const client = app.client();
      const path = await atProvider(client);
      await client.get(path);
      expect((await client.get(path)).status).toBe(401);
    });

    it('a state of another browser is refused: nobody is logged in as somebody else', async () => {
      const attacker = app.client();
      const path = await atProvider(attacker);
      expect((await app.client().get(path)).status).toBe(401);
      const victim = app.client();
      await victim.get('/oauth');
      expect((await victim.get(path)).status).toBe(401);
      expect((await victim.get('/profile')).status).toBe(401);
    });

    it('I-11 a state that cannot be stored is a 503, and no redirect', async () => {
      app.calls.fault = () => {
        throw new Error('down');
      };
      const answer = await app.client().get('/oauth');
      expect(answer.status).toBe(503);
      expect(answer.headers.get('location')).toBeNull();
      expect(answer.cookies).toEqual([]);
    });
  },
);
