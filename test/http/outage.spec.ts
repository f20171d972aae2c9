import { setTimeout as sleep } from 'node:timers/promises';
import { Controller, Get } from '@nestjs/common';
import { TypeOrmSessionStore } from 'nest-sessions/typeorm';
import { DataSource } from 'typeorm';
import { type PostgresServer, startPostgres } from '../../scripts/postgres.js';
import { act, ActionController, begin, seenBy, visitor } from '../support/actions.js';
import { startApp, type TestApp } from '../support/app.js';
import type { Answer, Client } from '../support/client.js';
import { RunningClock, timed } from '../support/clock.js';
import { postgresOptions } from '../support/postgres.js';

const STORE_TIMEOUT = 250;
const REQUEST_BUDGET = 500;
/** What HTTP and a busy machine may add. Milliseconds. */
const MARGIN = 500;
/** How soon everything works again once the server does. Milliseconds. */
const RECOVERY = 3_000;

@Controller()
class HealthController {
  @Get('health')
  health() {
    return 'up';
  }
}

/** 503 and nothing else: no cookie set, replaced or cleared. */
function expectOutage(answer: Answer): void {
  expect(answer).toMatchObject({ status: 503, cookies: [] });
}

let server: PostgresServer;
let dataSource: DataSource;
let app: TestApp;

beforeAll(async () => {
  server = await startPostgres();
  dataSource = await new DataSource(postgresOptions(server.url)).initialize();
  await dataSource.runMigrations();
  app = await startApp({
    controllers: [ActionController, HealthController],
    store: new TypeOrmSessionStore(dataSource),
    clock: new RunningClock(),
    options: { storeTimeout: STORE_TIMEOUT, requestBudget: REQUEST_BUDGET, touchInterval: 0 },
  });
}, 60_000);

afterAll(async () => {
  await app.close();
  await dataSource.destroy();
  await server.stop();
}, 60_000);

const look = (client: Client) => act(client, (session) => session.get('cart') as unknown);

/** Milliseconds until a request of this client succeeds. */
async function recovery(client: Client): Promise<number> {
  const startedAt = performance.now();
  while ((await look(client)).status !== 200) await sleep(20);
  return performance.now() - startedAt;
}

/** Clients that each have a mark of their own in their session. */
async function marked(count: number): Promise<Client[]> {
  // Opens all connections of the pool, which takes longer than a call may.
  await Promise.all(Array.from({ length: 10 }, () => dataSource.query('SELECT pg_sleep(0.05)')));
  return Promise.all(Array.from({ length: count }, (_, mark) => visitor(app, { cart: [`of ${mark}`] })));
}

/** What a client sees of its session, asked again where a busy machine has taken longer than a call may. */
async function seenAtLast(client: Client): Promise<Awaited<ReturnType<typeof seenBy>>> {
  let seen = await seenBy(client);
  while (!seen) seen = await sleep(20, await seenBy(client));
  return seen;
}

async function expectOwnData(clients: Client[]): Promise<void> {
  const seen = await Promise.all(clients.map(seenAtLast));
  expect(seen.map(({ data }) => data['cart'] as unknown)).toEqual(clients.map((_, mark) => [`of ${mark}`]));
}

describe('a Postgres that hangs', () => {
  let clients: Client[];

  beforeAll(async () => {
    clients = await marked(12);
    server.pause();
  });

  afterAll(() => server.resume());

  it('F1 is answered 503 within the deadline, whoever asks and for what', async () => {
    const answers = await Promise.all([
      timed(look(clients[0]!)),
      timed(act(clients[1]!, (session) => session.set('late', 1))),
      timed(act(clients[2]!, (session) => session.logout())),
      timed(act(clients[3]!, (session) => session.login('ada'))),
      timed(act(app.client(), (session) => session.set('first', 1))),
      timed(act(app.client(), (session) => session.login('ada'))),
    ]);
    for (const answer of answers) {
      expectOutage(answer);
      expect(answer.elapsed).toBeLessThan(REQUEST_BUDGET + MARGIN);
    }
  });

  it('F1 is then left alone: what follows is answered at once, without a call', async () => {
    app.calls.reset();
    const answers = await Promise.all(clients.map((client) => timed(look(client))));
    for (const answer of answers) expectOutage(answer);
    expect(Math.min(...answers.map(({ elapsed }) => elapsed))).toBeLessThan(STORE_TIMEOUT);
    expect(app.calls.total).toBeLessThanOrEqual(1);
  });

  it('B-69 leaves alone the pages that do not look at the session', async () => {
    const strangers = await timed(app.client().get('/health'));
    expect(strangers).toMatchObject({ status: 200, text: 'up' });
    expect(strangers.elapsed).toBeLessThan(STORE_TIMEOUT);
    expect(await clients[0]!.get('/health')).toMatchObject({ status: 200, cookies: [] });
    expect(await look(app.client())).toMatchObject({ status: 200 });
  });

  it('F1 I-18 that comes back is used again, without a restart', async () => {
    server.resume();
    expect(await recovery(clients[4]!)).toBeLessThan(RECOVERY);
  });
});

describe('a Postgres that answers late', () => {
  afterEach(() => server.resume());

  it("F3 I-14 gives nobody what is another's: replies and writes that came late are their own clients'", async () => {
    const clients = await marked(8);
    const writing = await Promise.all(
      clients.map((client, mark) => begin(client, (session) => session.set('late', mark))),
    );
    server.pause();
    for (const answer of await Promise.all(writing.map((request) => request.finish()))) expectOutage(answer);
    server.resume();
    await recovery(clients[0]!);
    await Promise.all(
      Array.from({ length: 10 }, async () => {
        await expectOwnData(clients);
        const seen = await Promise.all(clients.map(seenAtLast));
        seen.forEach(({ data }, mark) => expect([undefined, mark]).toContain(data['late']));
      }),
    );
  });
});

describe('a Postgres that is killed', () => {
  it('F2 is answered 503 fast, comes back with all that was acknowledged, and is used again', async () => {
    const clients = await marked(8);
    await server.kill();
    const answers = await Promise.all(clients.map((client) => timed(look(client))));
    for (const answer of answers) {
      expectOutage(answer);
      expect(answer.elapsed).toBeLessThan(STORE_TIMEOUT + MARGIN);
    }
    expectOutage(await act(clients[0]!, (session) => session.logout()));
    await server.restart();
    expect(await recovery(clients[0]!)).toBeLessThan(RECOVERY);
    await expectOwnData(clients);
  }, 60_000);
});
