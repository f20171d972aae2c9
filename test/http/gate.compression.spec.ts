import { gunzipSync } from 'node:zlib';
import type { ServerResponse } from 'node:http';
import { Controller, Get, Res } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import compression from 'compression';
import { watchCrashes } from '../support/crashes.js';
import { type AnyReply, rawOf } from '../support/platforms.js';
import { RawConnection, valuesOf, type RawAnswer } from '../support/raw.js';
import { GROUNDS } from '../support/stores.js';
import { counts, LOADS, useApp } from '../support/use-app.js';
import { AnswersController, MARKING, prepareAnswers } from './answers.js';
import { lengthOf, SIZES, Sources, STREAMS, StreamsController } from './streams.js';

/** Middleware that puts methods of its own on the response, as `on-headers` and many others do. */
function wrapWriteHead(_request: unknown, response: ServerResponse, next: () => void): void {
  const { end, writeHead } = response;
  response.writeHead = function (this: ServerResponse, ...args: unknown[]) {
    this.setHeader('X-Wrapped', this.getHeader('set-cookie') ? 'with our cookie' : 'without');
    return (writeHead as (...args: unknown[]) => ServerResponse).apply(this, args);
  };
  response.end = function (this: ServerResponse, ...args: unknown[]) {
    if (!this.headersSent) this.setHeader('X-Ended', 'yes');
    return (end as (...args: unknown[]) => ServerResponse).apply(this, args);
  } as ServerResponse['end'];
  next();
}

@Controller('late')
class LateWrapController {
  @Get()
  wrap(@Res() reply: AnyReply) {
    const response = rawOf(reply);
    wrapWriteHead(undefined, response, () => void response.end('wrapped in the handler'));
  }
}

const ROUTES = [
  '/object',
  '/json',
  '/head-object',
  '/parts',
  '/generator',
  '/file',
  '/piped',
  '/send-file',
  '/nothing',
];

describe.each(Object.entries(GROUNDS))('middleware that replaces methods of the response, on %s', (_name, open) => {
  describe.each(LOADS)('%s', (load) => {
    const controllers = [AnswersController, StreamsController, LateWrapController];
    const providers = [MARKING, Sources];
    const options = { load, storeTimeout: '10s', requestBudget: '10s' };
    const compressed = useApp(open, {
      controllers,
      providers,
      options,
      prepare(app: INestApplication) {
        prepareAnswers(app);
        app.use(compression({ threshold: 0 }));
      },
    });
    const wrapped = useApp(open, {
      controllers,
      providers,
      options,
      prepare(app: INestApplication) {
        prepareAnswers(app);
        app.use(wrapWriteHead);
      },
    });
    watchCrashes();

    /** The answer to a request whose save is held until its handler has sent all that it can. */
    async function slowly(
      test: typeof compressed,
      path: string,
      headers: Record<string, string> = {},
    ): Promise<RawAnswer> {
      const connection = await RawConnection.open(test.port);
      const held = test.calls.hold('create');
      connection.send({ path, headers });
      await held.reached;
      await test.client().get('/nowhere');
      expect(connection.received).toBe(0);
      held.release();
      const answer = await connection.answer();
      connection.destroy();
      return answer;
    }

    function expectOneCookie(answer: RawAnswer): void {
      expect(valuesOf(answer, 'set-cookie').filter((line) => line.startsWith('sid='))).toHaveLength(1);
    }

    it.each(ROUTES)('C-37 compression before the gate: %s', async (path) => {
      const plain = await slowly(compressed, path);
      const answer = await slowly(compressed, path, { 'Accept-Encoding': 'gzip' });
      expectOneCookie(answer);
      const encoded = valuesOf(answer, 'content-encoding').includes('gzip');
      expect(encoded).toBe(plain.body.length > 0);
      expect((encoded ? gunzipSync(answer.body) : answer.body).toString()).toBe(plain.text);
      expect(compressed.calls.calls).toEqual(counts({ create: 2 }));
    });

    describe.each([
      // In few pieces: compression 1.8 never removes a listener for 'drain', and Node warns of more than ten.
      ['large', { ...SIZES.large, chunk: SIZES.large.total / 8 }],
      ['small', SIZES.small],
    ])('%s', (_size, size) => {
      // compression takes no callbacks of writes, with us or without.
      it.each(STREAMS.filter((path) => !path.includes('callbacks')))(
        'C-37 compression before the gate: %s arrives whole',
        async (path) => {
          const sources = compressed.app.get(Sources);
          sources.size = size;
          const answer = await slowly(compressed, path, { 'Accept-Encoding': 'gzip' });
          await sources.done;
          expectOneCookie(answer);
          expect(gunzipSync(answer.body)).toHaveLength(lengthOf(path, size));
        },
      );
    });

    it.each(ROUTES)('C-37 C-23 a wrapped writeHead sees our cookie, and runs once: %s', async (path) => {
      const answer = await slowly(wrapped, path);
      expectOneCookie(answer);
      expect(valuesOf(answer, 'x-wrapped')).toEqual(['with our cookie']);
      expect(wrapped.calls.calls).toEqual(counts({ create: 1 }));
    });
  });
});
