import {
  ArgumentsHost,
  CanActivate,
  Catch,
  Controller,
  ExceptionFilter,
  ExecutionContext,
  Get,
  HttpException,
  INestApplication,
  Injectable,
  Post,
  Req,
  UseGuards,
  VersioningType,
} from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/internal';
import { ExternalContextCreator } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import type { Request } from 'express';
import {
  Session,
  SessionAuthGuard,
  SessionConfigError,
  SessionModuleMissingError,
  SessionService,
  SkipSession,
} from 'nest-sessions';
import { Client } from '../support/client.js';
import type { AnyReply } from '../support/platforms.js';
import { GROUNDS, STORES } from '../support/stores.js';
import { counts, LOADS, useApp } from '../support/use-app.js';

interface Data {
  attempts: number;
}

@Injectable()
class AttemptsGuard implements CanActivate {
  constructor(private readonly service: SessionService) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const session = await this.service.of<Data>(context.switchToHttp().getRequest<Request>());
    const attempts = (session.get('attempts') ?? 0) + 1;
    session.set('attempts', attempts);
    return attempts > 2;
  }
}

@Controller()
class RoutesController {
  @Get('locked')
  @UseGuards(AttemptsGuard)
  locked(@Session('attempts') attempts: number) {
    return { attempts };
  }

  @Post('write')
  write(@Session() session: Session<Data>) {
    session.set('attempts', 0);
  }

  @Get('public')
  public() {
    return 'open to all';
  }

  @Get('private')
  private(@Session() session: Session<Data>) {
    return { attempts: session.get('attempts') ?? null };
  }

  @Get('skipped')
  @SkipSession()
  skipped() {
    return 'nothing';
  }

  @Get('confused')
  @SkipSession()
  confused(@Session() session: Session<Data>) {
    return session.get('attempts');
  }
}

@Controller('health')
@SkipSession()
class HealthController {
  @Get()
  health() {
    return 'ok';
  }
}

@Controller({ path: 'versioned', version: '2' })
class VersionedController {
  @Get()
  read(@Session() session: Session<Data>) {
    return { attempts: session.get('attempts') ?? null };
  }
}

/** Told what went wrong, since the client is not. */
@Catch()
class Recorder implements ExceptionFilter {
  readonly errors: unknown[] = [];

  catch(error: unknown, host: ArgumentsHost): void {
    this.errors.push(error);
    const status = error instanceof HttpException ? error.getStatus() : 500;
    void host.switchToHttp().getResponse<AnyReply>().status(status).send({});
  }
}

const controllers = [RoutesController, HealthController, VersionedController];

describe.each(Object.entries(GROUNDS))('sessions and routes on %s', (_name, open) => {
  describe.each(LOADS)('%s', (load) => {
    const recorder = new Recorder();
    const test = useApp(open, { controllers, options: { load } });
    const prefixed = useApp(open, {
      controllers,
      options: { load },
      prepare(app: INestApplication) {
        app.setGlobalPrefix('api', { exclude: ['health'] });
        app.enableVersioning({ type: VersioningType.URI });
        app.useGlobalFilters(recorder);
      },
    });

    async function visitor(of = test): Promise<Client> {
      const client = of.client();
      await client.post(of === prefixed ? '/api/write' : '/write');
      of.calls.reset();
      return client;
    }

    it('B-11 what a guard writes is saved with the 403 it answers', async () => {
      const client = test.client();
      const first = await client.get('/locked');
      expect(first.status).toBe(403);
      expect(first.cookies).toHaveLength(1);
      expect(test.calls.calls).toEqual(counts({ create: 1 }));
      expect((await client.get('/locked')).status).toBe(403);
      expect(test.calls.calls).toEqual(counts({ create: 1, read: 1, update: 1 }));
      expect((await client.get('/locked')).json()).toEqual({ attempts: 3 });
    });

    it.each(['/skipped', '/health'])(
      'B-12 @SkipSession() on %s costs nothing, even with a good cookie',
      async (path) => {
        const client = await visitor();
        const answer = await client.get(path);
        expect(answer.status).toBe(200);
        expect(answer.headers.get('vary')).toBeNull();
        expect(test.calls.total).toBe(0);
      },
    );

    it('B-12 @Session() in a skipped route is a clear error', async () => {
      recorder.errors.length = 0;
      const answer = await prefixed.client().get('/api/confused');
      expect(answer.status).toBe(500);
      expect(recorder.errors).toEqual([expect.any(SessionModuleMissingError)]);
      expect(String(recorder.errors[0])).toContain('RoutesController.confused');
      expect(String(recorder.errors[0])).toContain('@SkipSession()');
    });

    it('B-12 a global prefix, an exclusion from it and a version change nothing', async () => {
      const client = await visitor(prefixed);
      expect((await client.get('/api/private')).json()).toEqual({ attempts: 0 });
      expect((await client.get('/api/v2/versioned')).json()).toEqual({ attempts: 0 });
      expect(prefixed.calls.calls).toEqual(counts({ read: 2 }));
      expect((await client.get('/health')).text).toBe('ok');
      expect((await client.get('/private')).status).toBe(404);
      expect((await client.get('/api/v1/versioned')).status).toBe(404);
      expect(prefixed.calls.calls).toEqual(counts({ read: 2 }));
    });

    it('B-12 a route that does not exist costs nothing', async () => {
      const client = await visitor();
      const answer = await client.get('/nowhere');
      expect(answer.status).toBe(404);
      expect(answer.headers.get('vary')).toBeNull();
      expect(test.calls.total).toBe(0);
    });

    it('B-69 public pages survive an outage; who looks at the session gets 503 and keeps the cookie', async () => {
      const client = await visitor();
      test.calls.fault = () => {
        throw new Error('the store is down');
      };
      const open = await client.get('/public');
      expect(open.status).toBe(200);
      expect(open.text).toBe('open to all');
      expect((await client.get('/health')).status).toBe(200);
      const closed = await client.get('/private');
      expect(closed.status).toBe(503);
      expect(closed.headers.get('retry-after')).toBe('1');
      expect([...open.cookies, ...closed.cookies]).toEqual([]);
      expect(open.headers.get('retry-after')).toBeNull();
      test.calls.fault = undefined;
      expect((await client.get('/private')).json()).toEqual({ attempts: 0 });
    });

    it('B-69 a stranger is not held up by an outage', async () => {
      test.calls.fault = () => {
        throw new Error('the store is down');
      };
      const answer = await test.client().get('/private');
      expect(answer.json()).toEqual({ attempts: null });
      expect(test.calls.total).toBe(0);
    });
  });
});

describe('@Session() where there are no sessions', () => {
  it('B-12 B-68 in an application without the module is a clear error', async () => {
    const recorder = new Recorder();
    const module = await Test.createTestingModule({ controllers: [VersionedController] }).compile();
    const app = module.createNestApplication({ logger: false }).useGlobalFilters(recorder);
    await app.listen(0, '127.0.0.1');
    try {
      const answer = await new Client(await app.getUrl()).get('/versioned');
      expect(answer.status).toBe(500);
      expect(recorder.errors).toEqual([expect.any(SessionModuleMissingError)]);
      expect(String(recorder.errors[0])).toContain('SessionModule.forRoot');
    } finally {
      await app.close();
    }
  });
});

@Injectable()
class Messages {
  handle(@Session() session: Session<Data>) {
    return session.get('attempts');
  }

  @UseGuards(SessionAuthGuard)
  guarded() {
    return 'in';
  }

  plain(@Req() payload: unknown) {
    return payload === undefined ? 'nothing' : 'something';
  }
}

describe.each(LOADS)('outside of HTTP, %s', (load) => {
  const open = STORES['memory']!;
  const test = useApp(open, { controllers: [], providers: [Messages], options: { load } });

  /** Calls a handler the way GraphQL, sockets and microservices do. */
  async function call(method: keyof Messages, type: string, ...args: unknown[]): Promise<unknown> {
    const host = test.app.get(Messages);
    const creator = test.app.get(ExternalContextCreator);
    const handler = creator.create(
      host,
      host[method] as () => unknown,
      method,
      ROUTE_ARGS_METADATA,
      { exchangeKeyForValue: () => args[0] },
      undefined,
      undefined,
      undefined,
      type,
    );
    return handler(...args);
  }

  describe.each([
    ['ws', [{ id: 'a socket' }, { text: 'hello' }], SessionModuleMissingError, /a socket that no session is known of/],
    ['rpc', ['a payload', {}], SessionModuleMissingError, /messages of a microservice carry none/],
    ['graphql', [undefined, {}, {}, {}], SessionConfigError, /^The GraphQL context does not lead to the request/],
  ] as const)('%s', (type, args, expected, message) => {
    it('B-14 @Session() is a clear error', async () => {
      const error = await call('handle', type, ...args).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(expected);
      expect((error as Error).message).toMatch(message);
    });

    it('B-14 SessionAuthGuard is a clear error, not an open door', async () => {
      const error = await call('guarded', type, ...args).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(expected);
    });

    it('B-14 a handler that asks for no session works', async () => {
      await expect(call('plain', type, ...args)).resolves.toMatch(/thing$/);
    });
  });
});
