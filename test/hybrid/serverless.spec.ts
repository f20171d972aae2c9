import type { RequestListener } from 'node:http';
import { Controller, Get } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { MemorySessionStore, Session, SessionModule } from 'nest-sessions';
import { FaultySessionStore } from 'nest-sessions/testing';
import serverless, { type Handler } from 'serverless-http';

@Controller()
class VisitController {
  @Get('visits')
  visits(@Session() session: Session<{ visits: number }>) {
    session.set('visits', (session.get('visits') ?? 0) + 1);
    return { visits: session.get('visits') };
  }
}

/** What API Gateway gives to a function, as far as it matters here. */
interface Answer {
  readonly statusCode: number;
  readonly body: string;
  readonly cookies: string[];
  readonly headers: Record<string, string>;
}

describe.each(['eager', 'lazy'] as const)('a function without a server, on Express, %s', (load) => {
  const calls = new FaultySessionStore(new MemorySessionStore());
  const logger = { warn() {}, error() {} };
  let handle: Handler;
  let close: () => Promise<void>;

  beforeAll(async () => {
    const module = await Test.createTestingModule({
      imports: [SessionModule.forRoot(calls.store, { load, logger })],
      controllers: [VisitController],
    }).compile();
    const app = module.createNestApplication({ logger: false });
    await app.init();
    handle = serverless(app.getHttpAdapter().getInstance() as RequestListener);
    close = () => app.close();
  });

  afterAll(() => close());
  beforeEach(() => calls.reset());

  async function get(path: string, cookies: string[] = []): Promise<Answer> {
    const http = { method: 'GET', path, sourceIp: '127.0.0.1' };
    const event = { version: '2.0', rawPath: path, cookies, headers: {}, requestContext: { http, stage: '$default' } };
    return (await handle(event, {})) as Answer;
  }

  it('keeps a session from one call to the next', async () => {
    const first = await get('/visits');
    expect(first).toMatchObject({ statusCode: 200, body: '{"visits":1}' });
    const [cookie] = first.cookies;
    const second = await get('/visits', [cookie!.split(';')[0]!]);
    expect(second).toMatchObject({ statusCode: 200, body: '{"visits":2}' });
    expect(second.cookies).toEqual([]);
  });

  it('B-19 a save that fails is a 503 without a cookie', async () => {
    calls.fault = () => {
      throw new Error('the store is down');
    };
    const answer = await get('/visits');
    expect(answer).toMatchObject({ statusCode: 503, headers: { 'retry-after': expect.any(String) } });
    expect(JSON.parse(answer.body)).toMatchObject({ statusCode: 503 });
    expect(answer.cookies).toEqual([]);
  });
});
