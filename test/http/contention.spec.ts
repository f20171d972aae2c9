import { setTimeout as sleep } from 'node:timers/promises';
import { TypeOrmSessionStore } from 'nest-sessions/typeorm';
import type { DataSource } from 'typeorm';
import { act, ActionController, begin, NOBODY, seenBy, user, visitor } from '../support/actions.js';
import { startApp, type TestApp } from '../support/app.js';
import type { Client } from '../support/client.js';
import { timed } from '../support/clock.js';
import { watchCrashes } from '../support/crashes.js';
import { type Connection, type Database, openDatabase, poolOf } from '../support/postgres.js';

const STORE_TIMEOUT = 250;
/** What HTTP and a busy machine may add. Milliseconds. */
const MARGIN = 500;
/** What `TypeOrmSessionStore` takes while it sweeps. */
const SWEEP_LOCK = 0x6e657374;
const HOUR = 60 * 60_000;

const look = (client: Client) => act(client, (session) => session.get('cart') as unknown);

let database: Database;
let dataSource: DataSource;
let app: TestApp;
/** Somebody else's connection to the same database. */
let other: Connection;

watchCrashes();

beforeAll(async () => {
  database = await openDatabase();
  dataSource = database.dataSource;
  app = await startApp({
    controllers: [ActionController],
    store: new TypeOrmSessionStore(dataSource),
    options: { storeTimeout: STORE_TIMEOUT, requestBudget: 2 * STORE_TIMEOUT, sweepInterval: false },
  });
}, 60_000);

beforeEach(async () => {
  // A breaker that a test has opened tries again.
  app.clock.advance(1_000);
  other = await database.connect();
});

afterEach(() => other.end());

afterAll(async () => {
  await app.close();
  await database.close();
}, 60_000);

/** How many statements wait for somebody's lock. */
async function waiting(): Promise<{ pid: number }[]> {
  const { rows } = await other.query<{ pid: number }>(
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
  );
  return rows;
}

async function untilOneWaits(): Promise<number> {
  for (;;) {
    const [first] = await waiting();
    if (first) return first.pid;
    await sleep(5);
  }
}

/** Ends all connections to this database but the one that asks for it. */
async function endConnections(): Promise<void> {
  await other.query(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
  );
  while (poolOf(dataSource).totalCount > 0) await sleep(5);
}

/** Once nobody waits for a lock, what was late has taken effect. */
async function untilNobodyWaits(): Promise<void> {
  while ((await waiting()).length > 0) await sleep(5);
}

describe('connections', () => {
  it('F13 of which none is left: 503 in time, and all is well when one comes back', async () => {
    const client = await visitor(app);
    const { options } = poolOf(dataSource);
    const taken = await Promise.all(Array.from({ length: options.max }, () => poolOf(dataSource).connect()));
    const answer = await timed(look(client));
    expect(answer).toMatchObject({ status: 503, cookies: [] });
    expect(answer.elapsed).toBeLessThan(STORE_TIMEOUT + MARGIN);
    for (const connection of taken) connection.release();
    expect(await look(client)).toMatchObject({ status: 200, result: ['tea'] });
  });

  it('F14 that an administrator ends while a session is being loaded: 503 at once, and the next one works', async () => {
    const client = await visitor(app);
    await other.query('BEGIN; LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE');
    const answer = timed(look(client));
    await other.query('SELECT pg_terminate_backend($1)', [await untilOneWaits()]);
    expect(await answer).toMatchObject({ status: 503, cookies: [] });
    await other.query('ROLLBACK');
    expect(await look(client)).toMatchObject({ status: 200, result: ['tea'] });
  });

  it('F14 that an administrator ends while nobody uses them are replaced', async () => {
    const client = await visitor(app);
    await endConnections();
    expect(await look(client)).toMatchObject({ status: 200, result: ['tea'] });
  });
});

describe('a table that is locked', () => {
  it('F15 is answered 503 in time, and works as soon as it is not', async () => {
    const client = await visitor(app);
    await other.query('BEGIN; LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE');
    const answer = await timed(look(client));
    expect(answer).toMatchObject({ status: 503, cookies: [] });
    expect(answer.elapsed).toBeLessThan(STORE_TIMEOUT + MARGIN);
    await other.query('ROLLBACK');
    expect(await look(client)).toMatchObject({ status: 200, result: ['tea'] });
  });

  it('F15 for writes is read as ever, and a write is a 503 without a cookie', async () => {
    const client = await visitor(app);
    await other.query('BEGIN; LOCK TABLE sessions IN EXCLUSIVE MODE');
    expect(await look(client)).toMatchObject({ status: 200, result: ['tea'] });
    expect(await act(client, (session) => session.set('late', 1))).toMatchObject({ status: 503, cookies: [] });
    await other.query('ROLLBACK');
    await untilNobodyWaits();
    expect((await seenBy(client)).data).toMatchObject({ cart: ['tea'] });
  });

  it('F15 I-11 when a stranger logs in: what is stored too late is a session that nobody has the token of', async () => {
    const client = app.client();
    await other.query('BEGIN; LOCK TABLE sessions IN EXCLUSIVE MODE');
    expect(await act(client, (session) => session.login('late'))).toMatchObject({ status: 503, cookies: [] });
    await other.query('ROLLBACK');
    await untilNobodyWaits();
    expect(client.jar.size).toBe(0);
    expect(await seenBy(client)).toEqual(NOBODY);
  });

  it('F15 I-11 I-13 when a visitor logs in: what is stored too late is not open to the old token', async () => {
    const client = await visitor(app);
    const thief = client.copy();
    await other.query('BEGIN; LOCK TABLE sessions IN EXCLUSIVE MODE');
    expect(await act(client, (session) => session.login('ada'))).toMatchObject({ status: 503, cookies: [] });
    await other.query('ROLLBACK');
    await untilNobodyWaits();
    expect(await seenBy(client)).toEqual(NOBODY);
    expect(await seenBy(thief)).toEqual(NOBODY);
  });

  it('F15 when a user logs out: a logout that comes late is one all the same', async () => {
    const client = await user(app, 'ada');
    await other.query('BEGIN; LOCK TABLE sessions IN EXCLUSIVE MODE');
    expect(await act(client, (session) => session.logout())).toMatchObject({ status: 503, cookies: [] });
    await other.query('ROLLBACK');
    await untilNobodyWaits();
    expect(await seenBy(client)).toEqual(NOBODY);
  });
});

describe('a row that somebody else is writing', () => {
  const isolation = async (level: string) => {
    await other.query(`ALTER DATABASE ${database.name} SET default_transaction_isolation = '${level}'`);
    await endConnections();
  };

  afterAll(async () => {
    other = await database.connect();
    await isolation('read committed');
    await other.end();
  });

  it.each([
    ['read committed', 'is waited for'],
    ['serializable', 'is waited for, and the serialization failure that comes of it tried once more'],
  ])('F15 under %s %s: what both wrote stays', async (level) => {
    await isolation(level);
    const client = await visitor(app);
    const { id } = await seenBy(client);
    await other.query('BEGIN');
    await other.query(`UPDATE sessions SET fields = fields || '{"theirs": "1"}' WHERE id = $1`, [id]);
    const answer = act(client, (session) => session.set('ours', 2));
    await untilOneWaits();
    await other.query('COMMIT');
    expect((await answer).status).toBe(200);
    expect((await seenBy(client)).data).toEqual({ cart: ['tea'], theirs: 1, ours: 2 });
  });

  it('F15 for longer than a call may take: 503, and not half of it', async () => {
    const client = await visitor(app);
    const { id } = await seenBy(client);
    const slow = await begin(client, (session) => session.set('a', 1).set('b', 2));
    await other.query('BEGIN');
    await other.query('SELECT FROM sessions WHERE id = $1 FOR UPDATE', [id]);
    expect(await slow.finish()).toMatchObject({ status: 503, cookies: [] });
    await other.query('ROLLBACK');
    await untilNobodyWaits();
    const { a, b } = (await seenBy(client)).data as { a?: number; b?: number };
    expect([
      [undefined, undefined],
      [1, 2],
    ]).toContainEqual([a, b]);
  });
});

describe('the sweep', () => {
  const expired = async (count: number) => {
    app.clock.advance(HOUR);
    await app.service.sweep();
    const clients = [];
    for (let index = 0; index < count; index++) clients.push(await visitor(app));
    const { id } = await seenBy(clients[0]!);
    app.clock.advance(HOUR);
    return id;
  };

  it('F17 is done by one node at a time: who comes second finds nothing to do', async () => {
    await expired(3);
    await other.query('SELECT pg_advisory_lock($1)', [SWEEP_LOCK]);
    expect(await app.service.sweep()).toBe(0);
    await other.query('SELECT pg_advisory_unlock($1)', [SWEEP_LOCK]);
    expect(await app.service.sweep()).toBe(3);
  });

  it('F17 gives the lock back: the next one is not shut out', async () => {
    await expired(1);
    expect(await app.service.sweep()).toBe(1);
    const { rows } = await other.query('SELECT pg_try_advisory_lock($1) AS free', [SWEEP_LOCK]);
    expect(rows).toEqual([{ free: true }]);
  });

  it('F17 B-49 passes over a row in use: a session that is touched during the sweep survives', async () => {
    const id = await expired(3);
    await other.query('BEGIN');
    await other.query('UPDATE sessions SET expires_at = $2 WHERE id = $1', [id, app.clock.now() + HOUR]);
    expect(await app.service.sweep()).toBe(2);
    await other.query('COMMIT');
    expect(await app.service.sweep()).toBe(0);
    const { rows } = await other.query('SELECT id FROM sessions WHERE id = $1', [id]);
    expect(rows).toEqual([{ id }]);
  });

  it('F17 removes what is left of old revocations', async () => {
    await app.service.revokeAll('ada');
    app.clock.advance(HOUR);
    await app.service.revokeAll('bob');
    app.clock.advance(1);
    await app.service.sweep();
    const { rows } = await other.query('SELECT user_id FROM session_epochs');
    expect(rows).toEqual([{ user_id: 'bob' }]);
  });

  it('F17 that fails is told, and harms nobody', async () => {
    await other.query('BEGIN; LOCK TABLE session_epochs IN ACCESS EXCLUSIVE MODE');
    const sweep = app.service.sweep();
    const failure = expect(sweep).rejects.toThrow(/terminating connection/);
    await other.query('SELECT pg_terminate_backend($1)', [await untilOneWaits()]);
    await failure;
    await other.query('ROLLBACK');
    expect((await look(await visitor(app))).status).toBe(200);
  });
});
