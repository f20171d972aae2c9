import type { ServerResponse } from 'node:http';
import {
  ArgumentsHost,
  Catch,
  Controller,
  ExceptionFilter,
  Get,
  Header,
  HttpCode,
  INestApplication,
  Post,
  Res,
  StreamableFile,
  UseFilters,
} from '@nestjs/common';
import { Session } from 'nest-sessions';
import type { Answer } from '../support/client.js';
import { watchCrashes } from '../support/crashes.js';
import { type AnyReply, rawOf } from '../support/platforms.js';
import { GROUNDS } from '../support/stores.js';
import { counts, LOADS, useApp } from '../support/use-app.js';

interface Data {
  name: string;
}

const BODY = 'what nobody may see';

/** Says a lot about what it believes to have saved. */
function boast(reply: AnyReply | ServerResponse): void {
  const say = (name: string, value: string) =>
    'header' in reply ? reply.header(name, value) : reply.setHeader(name, value);
  say('X-Handler', 'was here');
  say('ETag', '"1"');
  say('Content-Disposition', 'attachment');
  say('Cache-Control', 'public, max-age=3600');
  say('Set-Cookie', 'other=value');
}

/** Answers everything with a friendly page. */
@Catch()
class OptimisticFilter implements ExceptionFilter {
  catch(_error: unknown, host: ArgumentsHost): void {
    void host.switchToHttp().getResponse<AnyReply>().status(200).send('All is well');
  }
}

@Controller()
class WritesController {
  @Get('seen')
  seen(@Session('name') name: string | undefined) {
    return { name: name ?? null };
  }

  @Post('start')
  start(@Session() session: Session<Data>) {
    session.set('name', 'Ada');
  }

  @Post('value')
  @Header('X-Declared', 'too')
  value(@Session() session: Session<Data>, @Res({ passthrough: true }) reply: AnyReply) {
    session.set('name', 'Grace');
    boast(reply);
    return { body: BODY };
  }

  @Post('text')
  @HttpCode(202)
  text(@Session() session: Session<Data>, @Res({ passthrough: true }) reply: AnyReply) {
    session.set('name', 'Grace');
    boast(reply);
    void reply.type('text/csv');
    return BODY;
  }

  @Post('by-hand')
  byHand(@Session() session: Session<Data>, @Res() reply: AnyReply) {
    session.set('name', 'Grace');
    boast(reply);
    void reply.send({ body: BODY });
  }

  @Post('raw')
  raw(@Session() session: Session<Data>, @Res() reply: AnyReply) {
    const response = rawOf(reply);
    session.set('name', 'Grace');
    boast(response);
    response.writeHead(200, 'Splendid', { 'Content-Length': String(BODY.length), 'X-Raw': 'yes' });
    response.end(BODY);
  }

  @Post('parts')
  parts(@Session() session: Session<Data>, @Res() reply: AnyReply) {
    const response = rawOf(reply);
    session.set('name', 'Grace');
    boast(response);
    response.write(BODY);
    response.write(BODY);
    response.end();
  }

  @Post('redirect')
  redirect(@Session() session: Session<Data>, @Res() reply: AnyReply) {
    session.set('name', 'Grace');
    boast(reply);
    void reply.redirect('/seen');
  }

  @Post('file')
  file(@Session() session: Session<Data>, @Res({ passthrough: true }) reply: AnyReply) {
    session.set('name', 'Grace');
    boast(reply);
    return new StreamableFile(Buffer.from(BODY));
  }

  @Post('generator')
  async *generator(@Session() session: Session<Data>) {
    session.set('name', 'Grace');
    yield BODY;
  }

  @Post('filtered')
  @UseFilters(OptimisticFilter)
  filtered(@Session() session: Session<Data>) {
    session.set('name', 'Grace');
  }

  @Post('explicit')
  async explicit(@Session() session: Session<Data>) {
    session.set('name', 'Grace');
    await session.save();
    return { body: BODY };
  }
}

const ROUTES = ['/value', '/text', '/by-hand', '/raw', '/parts', '/redirect', '/file', '/generator', '/explicit'];

describe.each(Object.entries(GROUNDS))('a save that fails on %s', (_name, open) => {
  describe.each(LOADS)('%s', (load) => {
    const test = useApp(open, {
      controllers: [WritesController],
      options: { load, storeTimeout: 250 },
      prepare: (app: INestApplication) => app.enableCors(),
    });
    watchCrashes();

    function breakDown(verb: 'create' | 'update'): void {
      test.calls.fault = (called) => {
        if (called === verb) throw new Error('the store is down at 10.0.0.7');
      };
    }

    function expectFailure(answer: Answer): void {
      expect(answer.status).toBe(503);
      expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
      expect(answer.json()).toMatchObject({ statusCode: 503 });
      expect(answer.headers.get('retry-after')).toBe('1');
      expect(answer.text).not.toContain(BODY);
      expect(answer.text).not.toContain('10.0.0.7');
      expect(answer.cookies).toEqual([]);
      // Not what @Header() declares: Nest sets that before it calls interceptors, as middleware does.
      for (const name of ['x-handler', 'x-raw', 'content-disposition', 'location']) {
        expect([name, answer.headers.get(name)]).toEqual([name, null]);
      }
      expect(answer.headers.get('etag')).not.toBe('"1"');
      expect(answer.headers.get('cache-control') ?? '').not.toContain('public');
    }

    it.each(ROUTES)(
      'B-19 I11 of a new session: %s answers 503, once tried, and nothing the handler said',
      async (path) => {
        breakDown('create');
        const client = test.client();
        expectFailure(await client.post(path));
        expect(test.calls.calls).toEqual(counts({ create: 1 }));
        expect(test.events).toEqual([expect.objectContaining({ type: 'store-error', reason: 'create' })]);
        expect(client.jar.size).toBe(0);
      },
    );

    it.each(ROUTES)('B-19 I11 I21 of a stored session: %s answers 503, and the cookie stays good', async (path) => {
      const client = test.client();
      await client.post('/start');
      test.calls.reset();
      breakDown('update');
      expectFailure(await client.post(path));
      expect(test.calls.calls).toEqual(counts({ read: 1, update: 1 }));
      test.calls.fault = undefined;
      expect((await client.get('/seen')).json()).toEqual({ name: 'Ada' });
    });

    it.each(['/value', '/by-hand'])(
      'B-19 %s: a store that does not answer in time is one that failed',
      async (path) => {
        const held = test.calls.hold('create');
        const answer = await test.client().post(path);
        held.release();
        expectFailure(answer);
      },
    );

    it.each(['/value', '/by-hand'])(
      'B-19 %s: what middleware had set before, CORS say, stays with the 503',
      async (path) => {
        breakDown('create');
        const answer = await test.client().post(path);
        expect(answer.headers.get('access-control-allow-origin')).toBe('*');
      },
    );

    it('B-19 I11 a filter that turns the failure into a success is not believed', async () => {
      breakDown('create');
      const answer = await test.client().post('/filtered');
      expect(answer.status).toBe(503);
      expect(answer.cookies).toEqual([]);
    });
  });
});
