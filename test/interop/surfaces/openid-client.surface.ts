import assert from 'node:assert/strict';
import { Controller, Get, Module, Redirect, Req, UnauthorizedException } from '@nestjs/common';
import { MemorySessionStore, Session, SessionModule } from 'nest-sessions';
import * as openid from 'openid-client';
import { Browser } from '../browser.js';
import type { Surface } from '../surface.js';
import { AuthorizationServer } from '../authorization-server.js';

const HERE = 'http://127.0.0.1';
type ShopSession = { pending: { pkceCodeVerifier: string; expectedState: string } };

let server: AuthorizationServer;
let config: openid.Configuration;

@Controller('oidc')
class OidcController {
  @Get()
  @Redirect()
  async begin(@Session() session: Session<ShopSession>) {
    const pending = { pkceCodeVerifier: openid.randomPKCECodeVerifier(), expectedState: openid.randomState() };
    session.set('pending', pending);
    const { href } = openid.buildAuthorizationUrl(config, {
      redirect_uri: `${HERE}/oidc/callback`,
      state: pending.expectedState,
      code_challenge: await openid.calculatePKCECodeChallenge(pending.pkceCodeVerifier),
      code_challenge_method: 'S256',
    });
    return { url: href };
  }

  @Get('callback')
  async callback(@Session() session: Session<ShopSession>, @Req() { url }: { url: string }) {
    const pending = session.get('pending');
    session.delete('pending');
    if (!pending) throw new UnauthorizedException();
    await openid.authorizationCodeGrant(config, new URL(url, HERE), pending).catch(() => {
      throw new UnauthorizedException();
    });
    session.login('ada');
    return { userId: session.userId };
  }
}

@Module({ imports: [SessionModule.forRoot(new MemorySessionStore())], controllers: [OidcController] })
class OidcModule {}

export const surface: Surface = {
  name: 'openid-client, state and PKCE',
  async module() {
    server = await new AuthorizationServer().start();
    const { url } = server;
    const metadata = { issuer: url, authorization_endpoint: `${url}/authorize`, token_endpoint: `${url}/token` };
    config = new openid.Configuration(metadata, 'shop', 'open sesame');
    openid.allowInsecureRequests(config);
    return OidcModule;
  },
  async drive(url) {
    const [ada, eve] = [new Browser(url), new Browser(url)];
    const path = await server.back(await ada.get('/oidc'));
    await eve.get('/oidc');
    assert.equal((await eve.get(path)).status, 401);
    assert.deepEqual(await (await ada.get(path)).json(), { userId: 'ada' });
    assert.equal((await ada.get(path)).status, 401);
    server.close();
  },
};
