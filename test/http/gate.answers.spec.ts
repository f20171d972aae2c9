import type { INestApplication } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { watchCrashes } from '../support/crashes.js';
import { usePlainApp } from '../support/plain.js';
import { exchange, RawConnection, valuesOf } from '../support/raw.js';
import { GROUNDS } from '../support/stores.js';
import { counts, LOADS, useApp } from '../support/use-app.js';
import { AnswersController, MARKING, NOT_MARKING, prepareAnswers } from './answers.js';
import { FASTIFY_ANSWERS, FASTIFY_MISTAKES, FastifyAnswersController, prepareHooks } from './answers.fastify.js';
import { ANSWERS, bytesOf, get, MarkController, MISTAKES } from './answers.ways.js';

const ON_EXPRESS = { answers: ANSWERS, mistakes: MISTAKES, controllers: [AnswersController], prepare: prepareAnswers };

const ON_FASTIFY = {
  answers: [...ANSWERS.filter(([way]) => way !== 'res.sendStatus'), ...FASTIFY_ANSWERS],
  mistakes: [...MISTAKES, ...FASTIFY_MISTAKES],
  controllers: [AnswersController, FastifyAnswersController],
  prepare(app: INestApplication): void {
    prepareAnswers(app);
    prepareHooks((app as NestFastifyApplication).getHttpAdapter().getInstance());
  },
};

describe.each(Object.entries(GROUNDS))('the gate and every way to answer on %s', (_name, open) => {
  const { answers, controllers, mistakes, prepare } = open.platform === 'fastify' ? ON_FASTIFY : ON_EXPRESS;
  const plain = usePlainApp({ controllers, providers: [NOT_MARKING], platform: open.platform, prepare });

  describe.each(LOADS)('%s', (load) => {
    const test = useApp(open, {
      controllers: [MarkController, ...controllers],
      providers: [MARKING],
      options: { load },
      prepare,
    });
    watchCrashes();

    it.each(answers)('B-17 C-37 I10 %s: a new session is stored once, then come the bytes', async (_way, request) => {
      const without = await exchange(plain.port, request);
      const connection = await RawConnection.open(test.port);
      const held = test.calls.hold('create');
      connection.send(request);
      await held.reached;
      // A request that comes and goes meanwhile: what was sent before it would have arrived.
      await exchange(test.port, get('/mark'));
      const early = connection.received;
      held.release();
      const answer = await connection.answer();
      connection.destroy();

      // Informational answers may pass while the store is at work.
      expect(early > 0).toBe(answer.informational.length > 0 && early < answer.bytes.length);
      expect(test.calls.calls).toEqual(counts({ create: 1 }));
      const cookies = valuesOf(answer, 'set-cookie').filter((line) => line.startsWith('sid='));
      expect(cookies).toHaveLength(1);
      expect(bytesOf(answer, [/^Cache-Control: /i])).toBe(bytesOf(without, [/^Cache-Control: /i]));
      expect(valuesOf(answer, 'cache-control').join()).toContain('no-store');
      const seen = await exchange(test.port, get('/mark', { Cookie: cookies[0]!.split(';')[0]! }));
      expect(seen.text).toBe(request.path);
    });

    it.each(answers)('B-17 I10 %s: who saw the first byte sees what was written', async (_way, request) => {
      const without = await exchange(plain.port, request);
      const first = await exchange(test.port, get('/object'));
      const cookie = valuesOf(first, 'set-cookie')[0]!.split(';')[0]!;
      test.calls.reset();
      // '/object' itself has written that already.
      const path = request.path === '/object' ? '/string' : request.path;
      if (path !== request.path) await exchange(test.port, get('/string', { Cookie: cookie }));
      test.calls.reset();

      const connection = await RawConnection.open(test.port);
      connection.send({ ...request, headers: { ...request.headers, Cookie: cookie } });
      await connection.firstByte();
      const seen = await exchange(test.port, get('/mark', { Cookie: cookie }));
      const answer = await connection.answer();
      connection.destroy();

      if (answer.informational.length === 0) expect(seen.text).toBe(request.path);
      expect(test.calls.calls).toEqual(counts({ read: 2, update: 1 }));
      expect(valuesOf(answer, 'set-cookie').filter((line) => line.startsWith('sid='))).toEqual([]);
      expect(bytesOf(answer)).toBe(bytesOf(without));
      expect(valuesOf(answer, 'vary').join()).toContain('Cookie');
    });

    it('B-17 404 opens no scope: no store call, no cookie, not a byte of ours', async () => {
      const cookie = { Cookie: `sid=${'x'.repeat(56)}` };
      const [without, answer] = [
        await exchange(plain.port, get('/nowhere')),
        await exchange(test.port, get('/nowhere', cookie)),
      ];
      expect(test.calls.total).toBe(0);
      expect(bytesOf(answer)).toBe(bytesOf(without));
      expect(valuesOf(answer, 'vary')).toEqual([]);
    });

    it.each(mistakes)('B-23 %s: answered as without us, and nothing is saved', async (_way, request) => {
      const answer = await exchange(test.port, request);
      expect(bytesOf(answer)).toBe(bytesOf(await exchange(plain.port, request)));
      expect(valuesOf(answer, 'set-cookie')).toEqual([]);
      expect(test.calls.total).toBe(0);
    });

    // Node 20 keeps the last of several values, and takes pairs only where nothing was set before.
    it.each([
      ['a repeated name', '/head-repeated'],
      ['pairs', '/head-pairs'],
    ])('C-23 writeHead with a list of %s: every value is sent', async (_what, path) => {
      const answer = await exchange(test.port, get(path));
      expect(valuesOf(answer, 'x-second')).toEqual(['a', 'b']);
      expect(valuesOf(answer, 'x-first')).toEqual(['replaced']);
      expect(valuesOf(answer, 'set-cookie')).toHaveLength(1);
      expect(test.calls.calls).toEqual(counts({ create: 1 }));
    });
  });
});
