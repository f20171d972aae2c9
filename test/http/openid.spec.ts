import { Controller, Get, Redirect, Req, UnauthorizedException } from '@nestjs/common';
import { Session } from 'nest-sessions';
import * as openid from 'openid-client';
import { act, ActionController, seenBy } from '../support/actions.js';
import type { Client } from '../support/client.js';
import { OidcProvider } from '../support/oidc.js';
import { PLATFORMS } from '../support/platforms.js';
import { STORES } from '../support/stores.js';
import { counts, LOADS, useApp } from '../support/use-app.js';

const HERE = 'http://127.0.0.1';
const REDIRECT = `${HERE}/oidc/callback`;

interface Pending {
  pkceCodeVerifier: string;
  expectedState: string;
  expectedNonce: string;
}

type ShopSession = Session<{ pending: Pending }>;

const provider = new OidcProvider();
let config: openid.Configuration;

@Controller('oidc')
class OidcController {
  @Get()
  @Redirect()
  async begin(@Session() session: ShopSession) {
    const pkceCodeVerifier = openid.randomPKCECodeVerifier();
    const [expectedState, expectedNonce] = [openid.randomState(), openid.randomNonce()];
    session.set('pending', { pkceCodeVerifier, expectedState, expectedNonce });
    const { href } = openid.buildAuthorizationUrl(config, {
      redirect_uri: REDIRECT,
      scope: 'openid',
      state: expectedState,
      nonce: expectedNonce,
      code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
    });
    return { url: href };
  }

  @Get('callback')
  async callback(@Session() session: ShopSession, @Req() { url }: { url: string }) {
    const pending = session.get('pending');
    session.delete('pending');
    // Good once: whatever comes of it, nobody uses it again.
    await session.save();
    if (!pending) throw new UnauthorizedException();
    const tokens = await openid.authorizationCodeGrant(config, new URL(url, HERE), pending).catch(() => undefined);
    const user = tokens?.claims()?.sub;
    if (user === undefined) throw new UnauthorizedException();
    session.login(user);
    return { user };
  }
}

beforeAll(async () => {
  await provider.start(REDIRECT);
  const execute = [openid.allowInsecureRequests];
  config = await openid.discovery(new URL(provider.url), 'shop', 'open sesame', undefined, { execute });
});
afterAll(() => provider.close());

describe.each(PLATFORMS.flatMap((platform) => LOADS.map((load) => [platform, load] as const)))(
  'openid-client, on %s, %s',
  (platform, load) => {
    const controllers = [ActionController, OidcController];
    const app = useApp(STORES['memory']!, { platform, options: { load }, controllers });

    const atProvider = async (client: Client) => provider.consent((await client.get('/oidc')).headers.get('location')!);

    it('I-10 C-7 keeps state, nonce and PKCE in the session until the callback, which logs in with a new token', async () => {
      const client = app.client();
      await act(client, (session) => session.set('cart', ['tea']));
      app.calls.reset();
      const path = await atProvider(client);
      const before = client.copy();
      expect((await client.get(path)).json()).toEqual({ user: 'ada' });
      expect(app.calls.calls).toEqual(counts({ read: 2, update: 3 }));
      expect(await seenBy(client)).toMatchObject({ userId: 'ada', data: { cart: ['tea'] } });
      expect(client.cookieHeader).not.toBe(before.cookieHeader);
      expect((await seenBy(before)).data).toEqual({});
    });

    it('a callback is good once, and in the browser that began', async () => {
      const client = app.client();
      const path = await atProvider(client);
      const other = app.client();
      expect((await other.get(path)).status).toBe(401);
      await other.get('/oidc');
      expect((await other.get(path)).status).toBe(401);
      expect((await seenBy(other)).userId).toBeUndefined();
      expect((await client.get(path)).status).toBe(200);
      expect((await client.get(path)).status).toBe(401);
    });

    it('I-11 what cannot be stored is a 503, and no redirect', async () => {
      app.calls.fault = () => {
        throw new Error('down');
      };
      const answer = await app.client().get('/oidc');
      expect([answer.status, answer.headers.get('location'), answer.cookies]).toEqual([503, null, []]);
    });
  },
);
