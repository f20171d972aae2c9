import { setTimeout as sleep } from 'node:timers/promises';
import { TypeOrmSessionStore } from 'nest-sessions/typeorm';
import { DataSource } from 'typeorm';
import { type PostgresServer, startPostgres } from '../../scripts/postgres.js';
import { act, ActionController, begin, NOBODY, seenBy, user, visitor } from '../support/actions.js';
import { startApp, type TestApp } from '../support/app.js';
import { RunningClock, timed } from '../support/clock.js';
import { watchCrashes } from '../support/crashes.js';
import { postgresOptions } from '../support/postgres.js';
import { at } from '../support/suite.js';

const REQUEST_BUDGET = 2_000;
/** What HTTP and a busy machine may add. Milliseconds. */
const MARGIN = 500;

/** What the library promises, shown end to end: two applications, as two nodes, on one real Postgres of their own. */
describe('the library shows that', () => {
  let server: PostgresServer;
  let dataSources: DataSource[];
  let app: TestApp;
  let secondNode: TestApp;

  watchCrashes();

  beforeAll(async () => {
    server = await startPostgres();
    dataSources = await Promise.all([1, 2].map(() => new DataSource(postgresOptions(server.url)).initialize()));
    await dataSources[0]!.runMigrations();
    [app, secondNode] = (await Promise.all(
      dataSources.map((dataSource) =>
        startApp({
          controllers: [ActionController],
          store: new TypeOrmSessionStore(dataSource),
          clock: new RunningClock(),
          options: { requestBudget: REQUEST_BUDGET },
        }),
      ),
    )) as [TestApp, TestApp];
  }, 60_000);

  afterAll(async () => {
    await Promise.all([app.close(), secondNode.close()]);
    await Promise.all(dataSources.map((dataSource) => dataSource.destroy()));
    await server.stop();
  }, 60_000);

  const FIFTY = Array.from({ length: 50 }, (_, index) => index);

  it('B-27 I-6 of 50 parallel requests that set 50 different fields, 50 fields are left', async () => {
    const client = await visitor(app, {});
    await act(client, (session) => session.set('first', true));
    const nodes = [client, at(secondNode, client)];
    const answers = await Promise.all(
      FIFTY.map((index) => act(nodes[index % 2]!, (session) => session.set(`field ${index}`, index))),
    );
    expect(answers.map(({ status }) => status)).toEqual(FIFTY.map(() => 200));
    const expected = Object.fromEntries([['first', true], ...FIFTY.map((index) => [`field ${index}`, index])]);
    expect((await seenBy(client)).data).toEqual(expected);
  });

  it('B-29 50 parallel updates of one field count to 50', async () => {
    const client = await visitor(app, { count: 0 });
    const nodes = [client, at(secondNode, client)];
    const answers = await Promise.all(
      FIFTY.map((index) => act(nodes[index % 2]!, (session) => session.update('count', (count) => count + 1))),
    );
    expect(answers.map(({ status }) => status)).toEqual(FIFTY.map(() => 200));
    expect(answers.map(({ result }) => result as number).sort((a, b) => a - b)).toEqual(
      FIFTY.map((index) => index + 1),
    );
    expect((await seenBy(client)).data).toEqual({ count: 50 });
  });

  it('B-32 C-1 a logout during a slow writing request stays a logout', async () => {
    const client = await user(app, 'ada');
    const thief = client.copy();
    const slow = await begin(client.copy(), (session) => session.set('late', 1));
    await act(at(secondNode, client), (session) => session.logout());
    expect(await slow.finish()).toMatchObject({ status: 409, cookies: [] });
    expect(await seenBy(thief)).toEqual(NOBODY);
    expect(await app.service.list('ada')).toEqual([]);
  });

  it('I-13 C-7 a request opened with the token of before a login cannot write into the session after it', async () => {
    const client = await visitor(app);
    const slow = await begin(client.copy(), (session) => session.set('cart', ['poison']));
    const planted = client.copy();
    await act(client, (session) => session.login('bob'));
    expect(await slow.finish()).toMatchObject({ status: 409, cookies: [] });
    expect(await act(planted, (session) => session.set('cart', ['poison']))).toMatchObject({
      status: 409,
      cookies: [],
    });
    expect(await seenBy(planted)).toEqual(NOBODY);
    expect(await seenBy(client)).toMatchObject({ userId: 'bob', data: { cart: ['tea'] } });
  });

  it('F1 F2 I-21 while Postgres is away answers come in time and touch no cookie, and then all is well again', async () => {
    const client = await visitor(app);
    const cookie = client.cookieHeader;
    await server.kill();
    const answers = await Promise.all([
      timed(act(client, (session) => session.get('cart') as unknown)),
      timed(act(client, (session) => session.set('late', 1))),
      timed(act(client, (session) => session.logout())),
      timed(act(app.client(), (session) => session.login('ada'))),
    ]);
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 503, cookies: [] });
      expect(answer.elapsed).toBeLessThan(REQUEST_BUDGET + MARGIN);
    }
    await server.restart();
    const startedAt = performance.now();
    while ((await act(client, (session) => session.get('cart') as unknown)).status !== 200) await sleep(20);
    expect(performance.now() - startedAt).toBeLessThan(1_500);
    expect(client.cookieHeader).toBe(cookie);
    expect((await seenBy(client)).data).toEqual({ cart: ['tea'] });
  }, 60_000);
});
