import { once } from 'node:events';
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { MemorySessionStore, SESSION_CLOCK, SessionModule } from 'nest-sessions';
import { FaultySessionStore, ManualClock } from 'nest-sessions/testing';
import { watchCrashes } from '../support/crashes.js';
import { counts } from '../support/use-app.js';
import { AnswersController, MARKING, NOT_MARKING, prepareAnswers } from './answers.js';
import { FASTIFY_ANSWERS, FastifyAnswersController, prepareHooks } from './answers.fastify.js';
import { ANSWERS, get } from './answers.ways.js';

/** These write a status message, which HTTP/2 has not. */
const HTTP1_ONLY = ['writeHead with a message', 'end alone'];
const WAYS = [...ANSWERS, ...FASTIFY_ANSWERS].filter(([way]) => ![...HTTP1_ONLY, 'res.sendStatus'].includes(way));

interface Answer {
  readonly headers: Record<string, unknown>;
  readonly cookies: string[];
  readonly text: string;
}

/** An application on unencrypted HTTP/2, and a client of it. */
async function start(
  store?: FaultySessionStore,
  clock = new ManualClock(),
): Promise<{ app: NestFastifyApplication; session: ClientHttp2Session }> {
  const module = await Test.createTestingModule({
    imports: store ? [SessionModule.forRoot(store.store, { load: 'lazy', logger: { warn() {}, error() {} } })] : [],
    controllers: [AnswersController, FastifyAnswersController],
    providers: [store ? MARKING : NOT_MARKING],
  })
    .overrideProvider(SESSION_CLOCK)
    .useValue(clock)
    .compile();
  const adapter = new FastifyAdapter({ http2: true });
  const app = module.createNestApplication<NestFastifyApplication>(adapter as never, { logger: false });
  prepareAnswers(app);
  prepareHooks(app.getHttpAdapter().getInstance());
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  return { app, session: connect(`http://127.0.0.1:${port}`) };
}

async function ask(session: ClientHttp2Session, path: string, method = 'GET'): Promise<Answer> {
  const stream = session.request({ ':path': path, ':method': method });
  stream.end();
  const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
  const body = await text(stream);
  const { date: _date, vary: _vary, 'cache-control': _caching, 'set-cookie': cookies = [], ...others } = headers;
  return { headers: others, cookies, text: body };
}

describe('the gate over HTTP/2', () => {
  const clock = new ManualClock();
  const calls = new FaultySessionStore(new MemorySessionStore());
  let plain: Awaited<ReturnType<typeof start>>;
  let test: Awaited<ReturnType<typeof start>>;
  watchCrashes();

  beforeAll(async () => {
    plain = await start();
    test = await start(calls, clock);
  });

  afterAll(async () => {
    for (const { app, session } of [plain, test]) {
      session.close();
      await app.close();
    }
  });

  beforeEach(() => {
    calls.reset();
    // Far enough for a store that failed to be asked again.
    clock.advance(1_000);
  });

  it.each(WAYS)('B-17 %s: a new session is stored once, then comes the answer', async (_way, { method, path }) => {
    const without = await ask(plain.session, path, method);
    const held = calls.hold('create');
    let answered = false;
    const answering = ask(test.session, path, method).finally(() => (answered = true));
    await held.reached;
    await ask(test.session, get('/nowhere').path);
    expect(answered).toBe(false);
    held.release();
    const { cookies, ...answer } = await answering;
    expect(answer).toEqual({ headers: without.headers, text: without.text });
    expect(cookies.filter((line) => line.startsWith('sid='))).toHaveLength(1);
    expect(cookies.filter((line) => !line.startsWith('sid='))).toEqual(without.cookies);
    expect(calls.calls).toEqual(counts({ create: 1 }));
  });

  it.each(WAYS)('B-19 %s: a save that fails is a 503, without a cookie', async (_way, { method, path }) => {
    calls.fault = () => {
      throw new Error('the store is down');
    };
    const { cookies, headers } = await ask(test.session, path, method);
    expect(headers[':status']).toBe(503);
    expect(cookies).toEqual([]);
    expect(calls.calls).toEqual(counts({ create: 1 }));
  });
});
