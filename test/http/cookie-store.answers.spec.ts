import type { TestApp } from '../support/app.js';
import { MODES, startCookieApp, WITH_LIST } from '../support/cookie-app.js';
import { watchCrashes } from '../support/crashes.js';
import { usePlainApp } from '../support/plain.js';
import { exchange, RawConnection, type RawAnswer, type RawRequest, valuesOf } from '../support/raw.js';
import { AnswersController, MARKING, NOT_MARKING, prepareAnswers } from './answers.js';
import { ANSWERS, bytesOf, get, MarkController } from './answers.ways.js';

const CACHING = [/^Cache-Control: /i];

const SETTINGS = {
  controllers: [MarkController, AnswersController],
  providers: [MARKING],
  prepare: prepareAnswers,
};

const sealOf = (answer: RawAnswer): string => {
  const [line, ...others] = valuesOf(answer, 'set-cookie').filter((cookie) => cookie.startsWith('sid='));
  expect(others).toEqual([]);
  return line?.split(';')[0] ?? 'none';
};

const withCookie = (request: RawRequest, cookie: string): RawRequest => ({
  ...request,
  headers: { ...request.headers, Cookie: cookie },
});

const markOf = async ({ port }: TestApp, cookie: string): Promise<string> =>
  (await exchange(port, withCookie(get('/mark'), cookie))).text;

describe('an encrypted cookie and every way to answer', () => {
  const plain = usePlainApp({ controllers: [AnswersController], providers: [NOT_MARKING], prepare: prepareAnswers });

  describe.each(MODES)('%s', (_mode, given, options) => {
    let app: TestApp;
    watchCrashes();

    beforeAll(async () => {
      app = await startCookieApp(given, options, SETTINGS);
    });
    afterAll(() => app.close());
    beforeEach(() => app.calls.reset());

    it.each(ANSWERS)('B-17 C-37 I10 %s: what was written comes with the head', async (_way, request) => {
      const without = await exchange(plain.port, request);
      const first = await exchange(app.port, request);
      expect(bytesOf(first, CACHING)).toBe(bytesOf(without, CACHING));
      expect(valuesOf(first, 'cache-control').join()).toContain('no-store');
      const cookie = sealOf(first);
      expect(app.calls.total).toBe(0);
      expect(await markOf(app, cookie)).toBe(request.path);

      // Once more, with a session that is there already and holds something else.
      const other = await exchange(app.port, withCookie(get('/string?other'), cookie));
      const again = await exchange(app.port, withCookie(request, sealOf(other)));
      expect(await markOf(app, sealOf(again))).toBe(request.path);
    });
  });
});

describe('B-17 C-37 no byte leaves before the revocations have answered', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startCookieApp(WITH_LIST, {}, SETTINGS);
  });
  afterAll(() => app.close());
  beforeEach(() => app.calls.reset());

  it.each(['/parts', '/events', '/piped', '/redirect', '/json'])('%s', async (path) => {
    const cookie = sealOf(await exchange(app.port, get('/string')));
    const connection = await RawConnection.open(app.port);
    const opening = app.calls.hold('read');
    connection.send(withCookie(get(path), cookie));
    await opening.reached;
    const sealing = app.calls.hold('read');
    opening.release();
    await sealing.reached;
    // A request that comes and goes meanwhile: what was sent before it would have arrived.
    await exchange(app.port, get('/object'));
    expect(connection.received).toBe(0);
    sealing.release();
    expect(await markOf(app, sealOf(await connection.answer()))).toBe(path);
    connection.destroy();
  });
});
