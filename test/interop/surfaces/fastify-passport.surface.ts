import assert from 'node:assert/strict';
import { Authenticator } from '@fastify/passport';
import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  Module,
  Post,
  Req,
  UnauthorizedException,
  UseGuards,
} from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { MemorySessionStore, requestSession, Session, SessionAuthGuard, SessionModule } from 'nest-sessions';
import { Strategy } from 'passport-local';
import { Browser } from '../browser.js';
import type { Surface } from '../surface.js';

interface LoginRequest {
  readonly user?: { readonly id: string };
  logIn(user: unknown): Promise<void>;
  logOut(): Promise<void>;
}

const passport = new Authenticator();
passport.use(new Strategy((username, password, done) => done(null, password === 'open sesame' && { id: username })));
passport.registerUserSerializer(async (user: { id: string }) => user.id);
passport.registerUserDeserializer(async (id: string) => ({ id }));

const authenticate = passport.authenticate('local', async (request, _reply, error, user) => {
  if (error || !user) throw error ?? new UnauthorizedException();
  await (request as unknown as LoginRequest).logIn(user);
}) as unknown as (request: unknown, reply: unknown) => Promise<void>;

@Injectable()
class LoginGuard implements CanActivate {
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    await authenticate(http.getRequest(), http.getResponse());
    return true;
  }
}

@Controller()
class LoginController {
  @Post('login')
  @UseGuards(LoginGuard)
  login() {}

  @Post('logout')
  logout(@Req() request: LoginRequest) {
    return request.logOut();
  }

  @Get('me')
  @UseGuards(SessionAuthGuard)
  me(@Req() { user }: LoginRequest, @Session() { userId }: Session) {
    return [user?.id, userId];
  }
}

@Module({ imports: [SessionModule.forRoot(new MemorySessionStore())], controllers: [LoginController] })
class LoginModule {}

export const surface: Surface = {
  name: '@fastify/passport',
  dashes: { express: '@fastify/passport is a plugin for Fastify; Passport itself is the one for Express' },
  module: () => LoginModule,
  async prepare(app) {
    const fastify = app as NestFastifyApplication;
    await fastify.register(requestSession());
    await fastify.register(passport.initialize() as never);
    await fastify.register(passport.secureSession() as never);
  },
  async drive(url) {
    const browser = new Browser(url);
    assert.equal((await browser.get('/me')).status, 401);
    assert.equal((await browser.post('/login', { username: 'ada', password: 'please' })).status, 401);
    await browser.post('/login', { username: 'ada', password: 'open sesame' });
    assert.deepEqual(await (await browser.get('/me')).json(), ['ada', 'ada']);
    const thief = new Browser(url);
    for (const [name, value] of browser.jar) thief.jar.set(name, value);
    assert.equal((await browser.post('/logout')).status, 201);
    assert.equal((await thief.get('/me')).status, 401);
  },
};
