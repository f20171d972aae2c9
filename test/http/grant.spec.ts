import { Controller, Get, type INestApplication, UnauthorizedException } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import grant, { type GrantConfig, type GrantSession } from 'grant';
import { requestSession, Session } from 'nest-sessions';
import { act, ActionController, seenBy } from '../support/actions.js';
import type { Client } from '../support/client.js';
import { OAuthProvider } from '../support/oauth.js';
import { PLATFORMS } from '../support/platforms.js';
import { STORES } from '../support/stores.js';
import { counts, LOADS, useApp } from '../support/use-app.js';

const provider = new OAuthProvider();

function configOf({ url }: OAuthProvider): GrantConfig {
  return {
    defaults: { origin: 'http://127.0.0.1', transport: 'session', state: true, pkce: true },
    shop: {
      oauth: 2,
      authorize_url: `${url}/authorize`,
      access_url: `${url}/token`,
      key: 'shop',
      secret: 'open sesame',
      callback: '/welcome',
    },
  };
}

@Controller()
class WelcomeController {
  /** Where grant sends the browser in the end. */
  @Get('welcome')
  welcome(@Session() session: Session<{ grant: GrantSession }>) {
    const answer = session.get('grant')?.response;
    session.delete('grant');
    if (!answer?.access_token) throw new UnauthorizedException();
    session.login('ada');
    return { provider: 'shop' };
  }
}

function prepare(app: INestApplication): void {
  if (app.getHttpAdapter().getType() === 'express') {
    app.use(requestSession(), grant.default({ handler: 'express', config: configOf(provider) }));
    return;
  }
  const fastify = app as NestFastifyApplication;
  void fastify.register(requestSession());
  void fastify.register(grant.default({ handler: 'fastify', config: configOf(provider) }));
}

beforeAll(() => provider.start());
afterAll(() => provider.close());

describe.each(PLATFORMS.flatMap((platform) => LOADS.map((load) => [platform, load] as const)))(
  'grant on %s, %s',
  (platform, load) => {
    const controllers = [ActionController, WelcomeController];
    const app = useApp(STORES['memory']!, { platform, controllers, options: { load }, prepare });

    const pathOf = (location: string | null): string => {
      const { pathname, search } = new URL(location!, app.url);
      return pathname + search;
    };

    /** To the provider and back, as far as the path of grant's own callback. */
    async function atProvider(client: Client): Promise<string> {
      const answer = await client.get('/connect/shop');
      expect(answer.status).toBe(302);
      const { headers } = await fetch(answer.headers.get('location')!, { redirect: 'manual' });
      return pathOf(headers.get('location'));
    }

    it('I-10 C-7 keeps state and PKCE in the session until the callback; the login has a new token', async () => {
      const client = app.client();
      await act(client, (session) => session.set('cart', ['tea']));
      app.calls.reset();
      const back = await client.get(await atProvider(client));
      expect(app.calls.calls).toEqual(counts({ read: 2, update: 2 }));
      const before = client.copy();
      expect((await client.get(pathOf(back.headers.get('location')))).json()).toEqual({ provider: 'shop' });
      expect(await seenBy(client)).toMatchObject({ userId: 'ada', data: { cart: ['tea'] } });
      expect(client.cookieHeader).not.toBe(before.cookieHeader);
    });

    it('a state of another browser is refused', async () => {
      const path = await atProvider(app.client());
      const victim = app.client();
      await atProvider(victim);
      const back = await victim.get(path);
      expect((await victim.get(pathOf(back.headers.get('location')))).status).toBe(401);
      expect((await seenBy(victim)).userId).toBeUndefined();
    });

    it('I-11 a state that cannot be stored is a 503, and no redirect', async () => {
      app.calls.fault = () => {
        throw new Error('down');
      };
      const answer = await app.client().get('/connect/shop');
      expect([answer.status, answer.headers.get('location'), answer.cookies]).toEqual([503, null, []]);
    });
  },
);
