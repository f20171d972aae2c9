import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  HttpCode,
  type INestApplication,
  Injectable,
  Post,
  Req,
  UnauthorizedException,
  UseGuards,
} from '@nestjs/common';
import { AuthGuard, PassportModule, PassportSerializer, PassportStrategy } from '@nestjs/passport';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Request } from 'express';
import {
  type RequestSession,
  requestSession,
  type RequestSessionOptions,
  Session,
  SessionAuthGuard,
} from 'nest-sessions';
import passport from 'passport';
import { Strategy } from 'passport-local';
import { ActionController, type AnySession } from './actions.js';
import type { TestAppSettings } from './app.js';

export interface ShopUser {
  readonly id: string;
}

/** A request as middleware for express-session sees it. */
export type PassportRequest = Request & {
  user?: ShopUser;
  session: RequestSession<{ passport: { user?: string }; cart: string[]; views: number }>;
  readonly sessionID: string | undefined;
};

/** Users whose accounts were removed: `deserializeUser` finds them no more. */
export const removed = new Set<string>();

@Injectable()
class LocalStrategy extends PassportStrategy(Strategy) {
  validate(username: string, password: string): ShopUser {
    if (password !== 'open sesame') throw new UnauthorizedException();
    return { id: username };
  }
}

@Injectable()
class UserSerializer extends PassportSerializer {
  serializeUser(user: ShopUser, done: (error: unknown, id: string) => void): void {
    done(null, user.id);
  }

  deserializeUser(id: string, done: (error: unknown, user: ShopUser | false) => void): void {
    done(null, removed.has(id) ? false : { id });
  }
}

/** As Nest's documentation has it. */
@Injectable()
class LoginGuard extends AuthGuard('local') implements CanActivate {
  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const passed = (await super.canActivate(context)) as boolean;
    await super.logIn(context.switchToHttp().getRequest<PassportRequest>());
    return passed;
  }
}

/** `AuthGuard.logIn` knows only the options of the module. */
@Injectable()
class KeepingLoginGuard extends AuthGuard('local') implements CanActivate {
  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const passed = (await super.canActivate(context)) as boolean;
    const request = context.switchToHttp().getRequest<PassportRequest>();
    await new Promise<void>((resolve, reject) =>
      request.logIn(request.user!, { session: true, keepSessionInfo: true }, (error) =>
        error ? reject(error) : resolve(),
      ),
    );
    return passed;
  }
}

@Controller()
class PassportController {
  @Post('login')
  @HttpCode(200)
  @UseGuards(LoginGuard)
  login(@Req() { user }: PassportRequest) {
    return user;
  }

  @Post('login/keep')
  @HttpCode(200)
  @UseGuards(KeepingLoginGuard)
  loginAndKeep(@Req() { user }: PassportRequest) {
    return user;
  }

  @Post('logout')
  @HttpCode(200)
  async logout(@Req() request: PassportRequest) {
    await new Promise<void>((resolve, reject) => request.logout((error) => (error ? reject(error) : resolve())));
  }

  @Post('logout/keep')
  @HttpCode(200)
  async logoutAndKeep(@Req() request: PassportRequest) {
    await new Promise<void>((resolve, reject) =>
      request.logout({ keepSessionInfo: true }, (error) => (error ? reject(error) : resolve())),
    );
  }

  @Get('nothing')
  nothing() {
    return 'to see';
  }

  @Get('me')
  me(@Req() request: PassportRequest, @Session() session: AnySession) {
    return { user: request.user?.id, userId: session.userId, data: { ...request.session }, id: request.sessionID };
  }

  @Get('profile')
  @UseGuards(SessionAuthGuard)
  profile(@Session() { userId }: AnySession) {
    return userId;
  }
}

/** Passport's own middleware does as hooks: it leaves the reply alone. */
function prepareFastify(app: NestFastifyApplication, options?: RequestSessionOptions): void {
  void app.register(requestSession(options));
  const instance = app.getHttpAdapter().getInstance();
  for (const hook of [passport.initialize(), passport.session()]) instance.addHook('preValidation', hook);
}

/** An application with Passport's sessions, the way its own documentation sets them up. */
export function withPassport(options?: RequestSessionOptions): Omit<TestAppSettings, 'store'> {
  return {
    controllers: [ActionController, PassportController],
    imports: [PassportModule.register({ session: true })],
    providers: [LocalStrategy, UserSerializer],
    prepare(app: INestApplication): void {
      if (app.getHttpAdapter().getType() === 'fastify') prepareFastify(app as NestFastifyApplication, options);
      else app.use(requestSession(options), passport.initialize(), passport.session());
    },
  };
}
