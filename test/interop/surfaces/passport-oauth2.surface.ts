import assert from 'node:assert/strict';
import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  Module,
  UseGuards,
} from '@nestjs/common';
import { AuthGuard, PassportModule, PassportStrategy } from '@nestjs/passport';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { MemorySessionStore, requestSession, Session, SessionModule } from 'nest-sessions';
import passport from 'passport';
import { Strategy } from 'passport-oauth2';
import { Browser } from '../browser.js';
import type { Surface } from '../surface.js';
import { AuthorizationServer } from '../authorization-server.js';

let server: AuthorizationServer;

@Injectable()
class OAuthStrategy extends PassportStrategy(Strategy) {
  constructor() {
    super({
      authorizationURL: `${server.url}/authorize`,
      tokenURL: `${server.url}/token`,
      clientID: 'shop',
      clientSecret: 'open sesame',
      callbackURL: 'http://127.0.0.1/oauth/callback',
      state: true,
      pkce: true,
    });
  }

  validate() {
    return { id: 'ada' };
  }
}

@Injectable()
class OAuthGuard extends AuthGuard('oauth2') implements CanActivate {
  /** Passport redirects by methods of Node's response. */
  getResponse(context: ExecutionContext): unknown {
    const response = context.switchToHttp().getResponse<{ raw?: unknown }>();
    return response.raw ?? response;
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const passed = (await super.canActivate(context)) as boolean;
    await super.logIn(context.switchToHttp().getRequest());
    return passed;
  }
}

@Controller('oauth')
@UseGuards(OAuthGuard)
class OAuthController {
  @Get()
  begin() {}

  @Get('callback')
  callback(@Session() { userId }: Session) {
    return { userId };
  }
}

@Module({
  imports: [SessionModule.forRoot(new MemorySessionStore()), PassportModule.register({ session: true })],
  controllers: [OAuthController],
  providers: [{ provide: OAuthStrategy, useFactory: () => new OAuthStrategy() }],
})
class OAuthModule {}

export const surface: Surface = {
  name: 'passport-oauth2, state and PKCE',
  async module() {
    server = await new AuthorizationServer().start();
    passport.serializeUser((user, done) => done(null, (user as { id: string }).id));
    return OAuthModule;
  },
  async prepare(app, adapter) {
    if (adapter === 'express') return void app.use(requestSession(), passport.initialize());
    const fastify = app as NestFastifyApplication;
    await fastify.register(requestSession());
    fastify
      .getHttpAdapter()
      .getInstance()
      .addHook('preValidation', passport.initialize() as never);
  },
  async drive(url) {
    const [ada, eve] = [new Browser(url), new Browser(url)];
    const path = await server.back(await ada.get('/oauth'));
    assert.equal((await eve.get(path)).status, 401);
    assert.deepEqual(await (await ada.get(path)).json(), { userId: 'ada' });
    assert.equal((await ada.get(path)).status, 401);
    server.close();
  },
};
