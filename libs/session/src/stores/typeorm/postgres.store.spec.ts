import { inspect } from 'node:util';
import { jest } from '@jest/globals';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { type Database, openDatabase, postgresOptions } from '../../../../../test/support/postgres.js';
import { HOUR, NOW, recordOf, verbs } from '../../../../../test/support/records.js';
import { SessionConfigError, SessionStoreFullError } from '../../core/errors.js';
import { CreateSessionTables } from './create-session-tables.migration.js';
import { TypeOrmSessionStore } from './typeorm.store.js';

let database: Database;
let dataSource: DataSource;
let store: TypeOrmSessionStore;

beforeAll(async () => {
  database = await openDatabase();
  dataSource = database.dataSource;
  store = new TypeOrmSessionStore(dataSource);
}, 60_000);

afterAll(() => database.close(), 60_000);

describe('every verb is one statement', () => {
  const VERBS: ReturnType<typeof verbs> = [...verbs(() => store), ['sweep', () => store.sweep(NOW, 100), 0]];

  afterEach(() => jest.restoreAllMocks());

  it.each(VERBS)('DESIGN 5 %s', async (_verb, work, expected) => {
    const query = jest.spyOn(Client.prototype, 'query');
    expect(await work()).toEqual(expected);
    expect(query).toHaveBeenCalledTimes(1);
  });
});

describe('the table', () => {
  it('MECHANICS 6 updates that move the expiry are heap-only: there is no index on it', async () => {
    // One connection, so that it can be asked to report what it counted.
    const single = await new DataSource({ ...postgresOptions(database.url), extra: { max: 1 } }).initialize();
    const busy = new TypeOrmSessionStore(single);
    const ids = Array.from({ length: 20 }, (_, index) => `hot ${index}`);
    for (const id of ids) await busy.create(recordOf(id, { userId: 'ada' }));
    for (let minute = 1; minute <= 20; minute++) {
      for (const id of ids) {
        const expiresAt = NOW + HOUR + minute * 60_000;
        const change = { fields: new Map([['seen', `${minute}`]]), expiresAt, expect: { generation: 0 } };
        if (minute % 4 === 0) await busy.update(id, change, NOW);
        else await busy.touch(id, expiresAt, NOW, { generation: 0 });
      }
    }
    await single.query('SELECT pg_stat_force_next_flush()');
    const [counted] = await single.query<{ all: string; hot: string }[]>(
      `SELECT n_tup_upd AS all, n_tup_hot_upd AS hot FROM pg_stat_user_tables WHERE relname = 'sessions'`,
    );
    await single.destroy();
    expect(Number(counted!.all)).toBeGreaterThanOrEqual(400);
    expect(Number(counted!.hot) / Number(counted!.all)).toBeGreaterThan(0.9);
  });

  it('DESIGN 2.1 can be queried for what is in a field', async () => {
    await store.create(recordOf('queried'));
    const rows: unknown = await dataSource.query(
      `SELECT fields->>'cart' AS text, (fields->>'cart')::jsonb->0->>'sku' AS sku FROM sessions WHERE id = 'queried'`,
    );
    expect(rows).toEqual([{ text: '[{"sku":"tea","count":2}]', sku: 'tea' }]);
  });

  it('is the same by migration and by entity', async () => {
    const { downQueries, upQueries } = await dataSource.driver.createSchemaBuilder().log();
    expect([...upQueries, ...downQueries].map(({ query }) => query)).toEqual([]);
  });

  it('can be made by `synchronize` instead', async () => {
    const fresh = await openDatabase();
    await fresh.dataSource.undoLastMigration();
    await fresh.dataSource.synchronize();
    const synchronized = new TypeOrmSessionStore(fresh.dataSource);
    await synchronized.ping();
    expect(await synchronized.create(recordOf('one'))).toBe(true);
    expect(await synchronized.read('one', NOW)).toEqual(recordOf('one'));
    await fresh.close();
  }, 60_000);

  it('F16 goes and comes with the migration', async () => {
    const fresh = await openDatabase();
    const tables = async () => {
      const rows = await fresh.dataSource.query<{ tablename: string }[]>(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1",
      );
      return rows.map(({ tablename }) => tablename);
    };
    expect(await tables()).toEqual(['migrations', 'session_epochs', 'sessions']);
    await fresh.dataSource.undoLastMigration();
    expect(await tables()).toEqual(['migrations']);
    await fresh.dataSource.runMigrations();
    expect(await tables()).toEqual(['migrations', 'session_epochs', 'sessions']);
    // TypeORM reads the time stamp off the end of the name.
    expect(new CreateSessionTables().name).toMatch(/^CreateSessionTables\d{13}$/);
    await fresh.close();
  }, 60_000);
});

describe('reads of one turn', () => {
  it('C-38 a row that somebody has damaged fails who reads it, and nobody beside', async () => {
    for (const id of ['whole', 'damaged', 'last']) await store.create(recordOf(id));
    await dataSource.query(`UPDATE sessions SET fields = 'null' WHERE id = 'damaged'`);
    const reads = await Promise.allSettled(['damaged', 'whole', 'damaged', 'last'].map((id) => store.read(id, NOW)));
    expect(reads.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected', 'fulfilled']);
    expect(reads[1]).toMatchObject({ value: recordOf('whole') });
  });

  it('who asks for the same gets a record of his own', async () => {
    await store.create(recordOf('shared'));
    const [one, other] = await Promise.all([store.read('shared', NOW), store.read('shared', NOW)]);
    expect(one).toEqual(other);
    expect(one!.fields).not.toBe(other!.fields);
  });
});

/** What a pooler between us and the server, or a migration, does to statements that we have prepared. */
describe('a statement that the server does not know as we do', () => {
  const BEHIND_OUR_BACK: Record<string, (client: Client) => Promise<unknown>> = {
    '26000 forgotten': (client) => client.query('DEALLOCATE ALL'),
    '0A000 of a table that has changed': (client) => client.query('ALTER TABLE sessions ALTER name TYPE varchar(300)'),
    async '42P05 prepared by somebody else'(client) {
      const { rows } = await client.query<{ name: string }>('SELECT name FROM pg_prepared_statements');
      await client.query('DEALLOCATE ALL');
      for (const { name } of rows) await client.query(`PREPARE "${name}" AS SELECT 1`);
      // The driver forgets what it has prepared, as one does that was given another server connection.
      (client as unknown as { connection: { parsedStatements: object } }).connection.parsedStatements = {};
    },
  };

  it.each(Object.entries(BEHIND_OUR_BACK))(
    'is run all the same, once: %s',
    async (_name, spoil) => {
      const fresh = await openDatabase();
      const single = await new DataSource({ ...postgresOptions(fresh.url), extra: { max: 1 } }).initialize();
      const spoiled = new TypeOrmSessionStore(single);
      const write = (name: string) =>
        spoiled.update('one', { fields: new Map([[name, '1']]), expect: { generation: 0 } }, NOW);
      await spoiled.create(recordOf('one'));
      await write('before');
      await spoiled.read('one', NOW);
      const { master } = single.driver as unknown as { master: { connect(): Promise<Client & { release(): void }> } };
      const client = await master.connect();
      await spoil(client);
      client.release();
      for (const name of ['after', 'again']) expect(await write(name)).toBe('ok');
      expect(await spoiled.read('one', NOW)).toMatchObject({ version: 3 });
      await single.destroy();
      await fresh.close();
    },
    60_000,
  );
});

describe('a server without room', () => {
  it.each(['53100', '53200'])('F15 is told as what it is, and reads go on: %s', async (code) => {
    await store.create(recordOf(`before-${code}`));
    await dataSource.query(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '${code}', DETAIL = 'hunter2'; END $$`);
    await dataSource.query('CREATE TRIGGER no_room BEFORE INSERT ON sessions FOR EACH ROW EXECUTE FUNCTION refuse()');
    const error: unknown = await store.create(recordOf('more')).catch((refusal: unknown) => refusal);
    await dataSource.query('DROP FUNCTION refuse CASCADE');
    expect(error).toBeInstanceOf(SessionStoreFullError);
    expect(error).toMatchObject({ cause: { code, message: 'could not extend file' } });
    expect(inspect(error)).not.toContain('hunter2');
    expect(await store.read(`before-${code}`, NOW)).toEqual(recordOf(`before-${code}`));
  });
});

describe('the DataSource', () => {
  it('B-65 has to be connected', async () => {
    const unconnected = new TypeOrmSessionStore(new DataSource(postgresOptions(database.url)));
    await expect(unconnected.ping()).rejects.toThrow(SessionConfigError);
    await expect(unconnected.read('one', NOW)).rejects.toThrow(/not connected: await dataSource\.initialize\(\)/);
  });
});
