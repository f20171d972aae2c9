import assert from 'node:assert/strict';
import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  Module,
  Post,
  Req,
  UseGuards,
} from '@nestjs/common';
import { AuthGuard, PassportModule, PassportSerializer, PassportStrategy } from '@nestjs/passport';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { MemorySessionStore, requestSession, Session, SessionAuthGuard, SessionModule } from 'nest-sessions';
import passport from 'passport';
import { Strategy } from 'passport-local';
import { Browser } from '../browser.js';
import type { Surface } from '../surface.js';

interface LoginRequest {
  readonly user?: { readonly id: string };
  logIn(user: object, done: (error: unknown) => void): void;
  logout(done: (error: unknown) => void): void;
}

@Injectable()
class LocalStrategy extends PassportStrategy(Strategy) {
  validate(username: string, password: string) {
    return password === 'open sesame' && { id: username };
  }
}

@Injectable()
class UserSerializer extends PassportSerializer {
  serializeUser(user: { id: string }, done: (error: unknown, id: string) => void): void {
    done(null, user.id);
  }

  deserializeUser(id: string, done: (error: unknown, user: object) => void): void {
    done(null, { id });
  }
}

@Injectable()
class LoginGuard extends AuthGuard('local') implements CanActivate {
  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const passed = (await super.canActivate(context)) as boolean;
    await super.logIn(context.switchToHttp().getRequest());
    return passed;
  }
}

@Controller()
class LoginController {
  @Post('login')
  @UseGuards(LoginGuard)
  login() {}

  @Post('logout')
  logout(@Req() request: LoginRequest) {
    return new Promise<void>((resolve, reject) => request.logout((error) => (error ? reject(error) : resolve())));
  }

  @Get('me')
  @UseGuards(SessionAuthGuard)
  me(@Req() { user }: LoginRequest, @Session() { userId }: Session) {
    return [user?.id, userId];
  }
}

@Module({
  imports: [SessionModule.forRoot(new MemorySessionStore()), PassportModule.register({ session: true })],
  controllers: [LoginController],
  providers: [LocalStrategy, UserSerializer],
})
class LoginModule {}

export const surface: Surface = {
  name: 'Passport (@nestjs/passport)',
  module: () => LoginModule,
  async prepare(app, adapter) {
    if (adapter === 'express') return void app.use(requestSession(), passport.initialize(), passport.session());
    const fastify = app as NestFastifyApplication;
    await fastify.register(requestSession());
    const instance = fastify.getHttpAdapter().getInstance();
    for (const hook of [passport.initialize(), passport.session()]) instance.addHook('preValidation', hook as never);
  },
  async drive(url) {
    const browser = new Browser(url);
    assert.equal((await browser.get('/me')).status, 401);
    await browser.post('/login', { username: 'ada', password: 'open sesame' });
    assert.deepEqual(await (await browser.get('/me')).json(), ['ada', 'ada']);
    const thief = new Browser(url);
    for (const [name, value] of browser.jar) thief.jar.set(name, value);
    assert.equal((await browser.post('/logout')).status, 201);
    assert.equal((await thief.get('/me')).status, 401);
  },
};
