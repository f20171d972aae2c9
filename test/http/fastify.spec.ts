import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import {
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  Post,
  Res,
  UseGuards,
} from '@nestjs/common';
import fastifyCompress from '@fastify/compress';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Session, SessionModuleMissingError, SessionService } from 'nest-sessions';
import { watchCrashes } from '../support/crashes.js';
import { exchange, valuesOf } from '../support/raw.js';
import { GROUNDS } from '../support/stores.js';
import { counts, LOADS, useApp } from '../support/use-app.js';

interface Data {
  path: string;
  count: number;
}

/** Writes in a guard, before any interceptor. */
@Injectable()
class CountingGuard implements CanActivate {
  constructor(private readonly service: SessionService) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const session = await this.service.of<Data>(context.switchToHttp().getRequest<FastifyRequest>());
    session.set('count', (session.get('count') ?? 0) + 1);
    return true;
  }
}

@Controller()
class FastifyController {
  @Get('seen')
  seen(@Session() session: Session<Data>) {
    return Object.fromEntries(session.entries());
  }

  @Post('write')
  write(@Session() session: Session<Data>) {
    session.set('count', 1);
    return { written: true };
  }

  @Get('counted')
  @UseGuards(CountingGuard)
  counted(@Session('count') count: number) {
    return { count };
  }

  @Get('stream')
  stream(@Session() session: Session<Data>, @Res() reply: FastifyReply) {
    session.set('count', 1);
    void reply.header('X-Handler', 'yes').send(Readable.from(['one,', 'two']));
  }

  @Get('large')
  large(@Session() session: Session<Data>) {
    session.set('count', 1);
    return 'x'.repeat(10_000);
  }

  @Get('behind')
  behind(@Session() session: Session<Data>) {
    return { path: session.get('path') ?? null };
  }

  @Get('state')
  state(@Session() session: Session<Data>, @Res() reply: FastifyReply) {
    session.set('count', 1);
    void reply.send('done');
    states.push([reply.sent, reply.raw.headersSent, reply.raw.writableEnded]);
  }
}

/** What a handler saw of its reply after it had sent. */
const states: unknown[] = [];
/** What hooks and middleware were told. */
const notes: string[] = [];

/** Fastify's middleware gets Node's own request and response. */
function middleware(work: (request: IncomingMessage, response: ServerResponse) => Promise<void>) {
  return async (request: IncomingMessage, response: ServerResponse, next: () => void): Promise<void> => {
    await work(request, response);
    next();
  };
}

function prepare(app: NestFastifyApplication): void {
  const instance = app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  const service = (): SessionService => app.get(SessionService);
  void app.register(fastifyCompress, { threshold: 0, encodings: ['gzip'] });
  const mark = middleware(async (request, response) => {
    (await service().of<Data>(request, response)).set('path', '/behind');
  });
  const forget = middleware(async (request) => {
    const error: unknown = await service()
      .of(request)
      .catch((reason: unknown) => reason);
    notes.push(error instanceof SessionModuleMissingError ? error.message : 'silence');
  });
  app.use('/behind', mark);
  app.use('/alone', forget);
  instance.addHook('onRequest', async (_request, reply) => void reply.header('X-Frame-Options', 'DENY'));
  instance.addHook('onResponse', async (request) => void notes.push(`onResponse ${request.url}`));
  void instance.register(async (plugin) => {
    plugin.get('/plugin', async (request, reply) => {
      (await service().of<Data>(request, reply)).set('path', '/plugin');
      return { plugin: true };
    });
  });
}

describe.each(LOADS)('what is particular to Fastify, %s', (load) => {
  const test = useApp(GROUNDS['memory, Fastify']!, {
    controllers: [FastifyController],
    providers: [CountingGuard],
    options: { load },
    prepare: (app) => prepare(app as NestFastifyApplication),
  });
  watchCrashes();
  beforeEach(() => {
    notes.length = 0;
    states.length = 0;
  });

  function breakDown(): void {
    test.calls.fault = (verb) => {
      if (verb === 'create') throw new Error('the store is down');
    };
  }

  it('B-4 a guard finds the session by the request alone', async () => {
    const client = test.client();
    expect((await client.get('/counted')).json()).toEqual({ count: 1 });
    expect((await client.get('/counted')).json()).toEqual({ count: 2 });
    expect(test.calls.calls).toEqual(counts({ create: 1, read: 1, update: 1 }));
  });

  it('B-12 B-13 middleware and controller share one session, by request and response', async () => {
    const client = test.client();
    expect((await client.get('/behind')).json()).toEqual({ path: '/behind' });
    expect((await client.get('/behind')).json()).toEqual({ path: '/behind' });
    expect(test.calls.calls).toEqual(counts({ create: 1, read: 1 }));
  });

  it('B-12 middleware that gives the request alone is told what is missing', async () => {
    await test.client().get('/alone');
    expect(notes[0]).toContain('of(request, response)');
  });

  it('B-12 a route of a plugin has the session too', async () => {
    const client = test.client();
    expect((await client.get('/plugin')).json()).toEqual({ plugin: true });
    expect((await client.get('/behind')).json()).toEqual({ path: '/behind' });
    expect(test.calls.calls).toEqual(counts({ create: 1, read: 1, update: 1 }));
  });

  it('B-17 reply.sent and raw.headersSent say that it is sent while the save is under way', async () => {
    const held = test.calls.hold('create');
    const answer = test.client().get('/state');
    await held.reached;
    await test.client().get('/nowhere');
    expect(states).toEqual([[true, true, true]]);
    held.release();
    expect((await answer).text).toBe('done');
  });

  it('B-17 onResponse hooks run once, after the answer', async () => {
    const held = test.calls.hold('create');
    const answer = test.client().get('/state');
    await held.reached;
    expect(notes).toEqual([]);
    held.release();
    await answer;
    expect(notes).toEqual(['onResponse /state']);
  });

  it.each(['/write', '/stream'])('B-19 %s: what plugins had set on the reply stays with the 503', async (path) => {
    breakDown();
    const client = test.client();
    const answer = path === '/write' ? await client.post(path) : await client.get(path);
    expect(answer.status).toBe(503);
    expect(answer.headers.get('x-frame-options')).toBe('DENY');
    expect(answer.headers.get('x-handler')).toBeNull();
  });

  it('C-37 @fastify/compress compresses what the gate has held', async () => {
    const answer = await exchange(test.port, { path: '/large', headers: { 'Accept-Encoding': 'gzip' } });
    expect(valuesOf(answer, 'content-encoding')).toEqual(['gzip']);
    expect(valuesOf(answer, 'set-cookie')).toHaveLength(1);
    expect((await test.client().get('/large')).text).toHaveLength(10_000);
  });
});
