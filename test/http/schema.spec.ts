import { inspect } from 'node:util';
import type { INestApplication } from '@nestjs/common';
import { SessionConfigError } from 'nest-sessions';
import { TypeOrmSessionStore } from 'nest-sessions/typeorm';
import type { DataSource } from 'typeorm';
import { act, ActionController, seenBy, visitor } from '../support/actions.js';
import { startApp, type TestApp } from '../support/app.js';
import { watchCrashes } from '../support/crashes.js';
import { type Database, openDatabase } from '../support/postgres.js';

let database: Database;
let dataSource: DataSource;

watchCrashes();

beforeEach(async () => {
  database = await openDatabase();
  dataSource = database.dataSource;
}, 60_000);

afterEach(() => database.close(), 60_000);

const start = (prepare?: (app: INestApplication) => void): Promise<TestApp> =>
  startApp({ controllers: [ActionController], store: new TypeOrmSessionStore(dataSource), prepare });

describe('start-up', () => {
  it.each([
    ['DROP TABLE sessions', 'relation "sessions" does not exist'],
    ['DROP TABLE session_epochs', 'relation "session_epochs" does not exist'],
    ['ALTER TABLE sessions DROP COLUMN meta', 'column "meta" does not exist'],
    ['ALTER TABLE sessions RENAME COLUMN secret_hash TO hash', 'column "secret_hash" does not exist'],
    ['ALTER TABLE session_epochs RENAME COLUMN epoch TO at', 'column "epoch" does not exist'],
  ])('F16 B-65 after %s fails and says what is wrong and what mends it', async (sql, wrong) => {
    await dataSource.query(sql);
    const error: unknown = await start().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SessionConfigError);
    const { message } = error as Error;
    expect(message).toContain(wrong);
    expect(message).toContain('CreateSessionTables');
    expect(message).toContain('npx typeorm migration:run');
    expect(message).toContain('CREATE TABLE "sessions"');
    expect(message).toContain('CREATE TABLE "session_epochs"');
  });

  it('F16 the SQL of that message mends it', async () => {
    await dataSource.query('DROP TABLE sessions, session_epochs');
    const { message } = (await start().catch((reason: unknown) => reason)) as Error;
    await dataSource.query(message.slice(message.indexOf('CREATE TABLE')));
    const app = await start();
    expect((await seenBy(await visitor(app))).data).toEqual({ cart: ['tea'] });
    await app.close();
  });

  it('F16 the migration of that message mends it', async () => {
    await dataSource.undoLastMigration();
    await expect(start()).rejects.toThrow(SessionConfigError);
    await dataSource.runMigrations();
    await (await start()).close();
  });
});

describe('while it runs', () => {
  it('F16 a table that goes is a 503, and works again once it is back', async () => {
    const app = await start();
    const client = await visitor(app);
    await dataSource.query('ALTER TABLE sessions RENAME TO gone');
    expect(await act(client, (session) => session.get('cart') as unknown)).toMatchObject({ status: 503, cookies: [] });
    await dataSource.query('ALTER TABLE gone RENAME TO sessions');
    expect((await seenBy(client)).data).toEqual({ cart: ['tea'] });
    await app.close();
  });

  it("F16 a column of one's own is left alone", async () => {
    await dataSource.query("ALTER TABLE sessions ADD COLUMN region text NOT NULL DEFAULT 'eu'");
    const app = await start();
    const client = await visitor(app);
    await act(client, (session) => session.login('ada'));
    expect(await dataSource.query('SELECT region FROM sessions')).toEqual([{ region: 'eu' }]);
    await app.close();
  });

  it('C-28 I-20 an error of Postgres reaches log, events and client without token, hash or value', async () => {
    const logged: unknown[] = [];
    const note = (...parts: unknown[]) => void logged.push(...parts);
    const logger = { log: note, warn: note, error: note, debug: note, verbose: note, fatal: note };
    const app = await startApp({
      controllers: [ActionController],
      store: new TypeOrmSessionStore(dataSource),
      options: { logger },
      prepare: (nest) => nest.useLogger(logger),
    });
    const secrets: string[] = ['hunter2'];
    app.calls.fault = (verb, [record]) => {
      if (verb === 'create') secrets.push((record as { secretHash: string }).secretHash);
    };
    const client = await visitor(app);
    secrets.push(client.jar.get('sid')!.slice(24));
    // A constraint that no row can satisfy: Postgres then tells the whole row in the details of its error.
    await dataSource.query("ALTER TABLE sessions ADD CONSTRAINT never CHECK (NOT fields ? 'password')");
    const answers = [
      await act(app.client(), (session) => session.set('password', 'hunter2')),
      await act(app.client(), (session, { response }) => {
        session.set('password', 'hunter2');
        response.send('ok');
      }),
      await act(client, (session) => session.set('password', 'hunter2')),
      await act(client, (session) => session.set('password', 'hunter2').login('ada')),
      await act(client, (session) => session.update('password', () => 'hunter2')),
    ];
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 503));
    const shown = inspect([logged, app.events, app.log, answers.map(({ text }) => text)], {
      depth: Infinity,
      showHidden: true,
      maxStringLength: null,
    });
    expect(shown).toContain('violates check constraint');
    expect(secrets.filter((secret) => shown.includes(secret))).toEqual([]);
    await app.close();
  });
});
