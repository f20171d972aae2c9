import { inspect } from 'node:util';
import { DataSource } from 'typeorm';
import { jest } from '@jest/globals';
import { HOUR, NOW, recordOf, verbs } from '../../../../../test/support/records.js';
import { openSqlite, type SqliteFile, sqliteOptions } from '../../../../../test/support/sqlite.js';
import { SessionConfigError, SessionStoreFullError } from '../../core/errors.js';
import { CREATE_SESSION_TABLES, SessionEntity, SessionEpochEntity, TypeOrmSessionStore } from './index.js';

let sqlite: SqliteFile;
let dataSource: DataSource;
let store: TypeOrmSessionStore;

beforeAll(async () => {
  sqlite = await openSqlite();
  dataSource = sqlite.dataSource;
  store = new TypeOrmSessionStore(dataSource);
});

afterAll(() => sqlite.close());

/** The connection of a DataSource. */
function connectionOf(source: DataSource): { prepare(sql: string): unknown } {
  return (source.driver as unknown as { databaseConnection: { prepare(sql: string): unknown } }).databaseConnection;
}

describe('every verb is one statement', () => {
  afterEach(() => jest.restoreAllMocks());

  it.each(verbs(() => store))('DESIGN 5 %s', async (_verb, work, expected) => {
    const prepare = jest.spyOn(connectionOf(dataSource), 'prepare');
    expect(await work()).toEqual(expected);
    expect(prepare).toHaveBeenCalledTimes(1);
  });
});

describe('the tables on SQLite', () => {
  it('DESIGN 2.1 can be queried for what is in a field', async () => {
    await store.create(recordOf('queried'));
    const rows: unknown = await dataSource.query(
      `SELECT fields->>'cart' AS text, (fields->>'cart')->>'$[0].sku' AS sku FROM sessions WHERE id = 'queried'`,
    );
    expect(rows).toEqual([{ text: '[{"sku":"tea","count":2}]', sku: 'tea' }]);
  });

  it('are the same by migration and by entity', async () => {
    const { downQueries, upQueries } = await dataSource.driver.createSchemaBuilder().log();
    expect([...upQueries, ...downQueries].map(({ query }) => query)).toEqual([]);
  });

  it('can be read through the entities', async () => {
    await store.create(recordOf('entity', { userId: 'eve' }));
    await store.raiseEpoch('eve', NOW);
    expect(await dataSource.getRepository(SessionEntity).findOneBy({ id: 'entity' })).toEqual({
      ...recordOf('entity', { userId: 'eve' }),
      fields: { cart: '[{"sku":"tea","count":2}]' },
      meta: { idle: '1800000' },
      createdAt: `${NOW}`,
      authenticatedAt: null,
      expiresAt: `${NOW + HOUR}`,
      absoluteExpiresAt: `${NOW + 12 * HOUR}`,
    });
    expect(await dataSource.getRepository(SessionEpochEntity).findBy({ userId: 'eve' })).toEqual([
      { userId: 'eve', epoch: `${NOW}` },
    ]);
  });

  it('F16 go and come with the migration, or by `synchronize`', async () => {
    const fresh = await openSqlite();
    const other = new TypeOrmSessionStore(fresh.dataSource);
    await other.ping();
    await fresh.dataSource.undoLastMigration();
    await expect(other.ping()).rejects.toThrow(SessionConfigError);
    await fresh.dataSource.runMigrations();
    await other.ping();
    await fresh.dataSource.undoLastMigration();
    await fresh.dataSource.synchronize();
    await other.ping();
    expect(await other.create(recordOf('one'))).toBe(true);
    expect(await other.read('one', NOW)).toEqual(recordOf('one'));
    await fresh.close();
  });

  it.each([
    ['DROP TABLE sessions', 'no such table: sessions'],
    ['DROP TABLE session_epochs', 'no such table: session_epochs'],
    ['ALTER TABLE sessions RENAME COLUMN meta TO other', 'no such column: meta'],
  ])('F16 B-65 after %s a ping says what is wrong, and the SQL that mends it', async (sql, wrong) => {
    const fresh = await openSqlite();
    await fresh.dataSource.query(sql);
    const other = new TypeOrmSessionStore(fresh.dataSource);
    const error = (await other.ping().catch((reason: unknown) => reason)) as Error;
    expect(error).toBeInstanceOf(SessionConfigError);
    expect(error.message).toContain(wrong);
    expect(error.message).toContain(CREATE_SESSION_TABLES['better-sqlite3'].join(';\n'));
    await fresh.close();
  });
});

describe('several connections to one file', () => {
  it('I6 I7 of 80 updates from two connections at once none is lost', async () => {
    await store.create(recordOf('shared'));
    const stores = [store, new TypeOrmSessionStore(await sqlite.connect())];
    const updates = Array.from({ length: 80 }, (_, index) =>
      stores[index % 2]!.update('shared', { fields: new Map([[`f${index}`, `${index}`]]), expect: {} }, NOW),
    );
    expect(new Set(await Promise.all(updates))).toEqual(new Set(['ok']));
    const record = await store.read('shared', NOW);
    expect(record).toMatchObject({ version: 80 });
    expect(record!.fields.size).toBe(81);
  });

  it('I12 of two that expect the same, one wins', async () => {
    await store.create(recordOf('raced'));
    const stores = [store, new TypeOrmSessionStore(await sqlite.connect())];
    const results = await Promise.all(
      stores.map((one) => one.update('raced', { fields: new Map([['a', '1']]), expect: { version: 0 } }, NOW)),
    );
    expect(results.sort()).toEqual(['conflict', 'ok']);
  });

  it('F15 a write that waits for another process in vain is told, and does nothing', async () => {
    await store.create(recordOf('locked'));
    const impatient = await new DataSource({ ...sqliteOptions(sqlite.file), timeout: 20 }).initialize();
    const other = await sqlite.connect();
    await other.query('BEGIN IMMEDIATE');
    const waiting = new TypeOrmSessionStore(impatient);
    await expect(waiting.touch('locked', NOW + 2 * HOUR, NOW, {})).rejects.toMatchObject({ code: 'SQLITE_BUSY' });
    // In WAL mode nobody who reads waits.
    expect(await waiting.read('locked', NOW)).toEqual(recordOf('locked'));
    await other.query('COMMIT');
    // Not on that connection: libsql 0.5.29 never resets a statement that was refused, as better-sqlite3 does.
    await impatient.destroy();
    expect(await store.touch('locked', NOW + 2 * HOUR, NOW, {})).toBe('ok');
  });
});

describe('a file that may not grow', () => {
  it('F15 is told as full, and reads go on', async () => {
    await store.create(recordOf('small'));
    const [{ max_page_count: most }] = await dataSource.query('PRAGMA max_page_count = 1');
    const large = recordOf('large', { fields: new Map([['x', 'x'.repeat(100_000)]]) });
    const error: unknown = await store.create(large).catch((refusal: unknown) => refusal);
    await dataSource.query(`PRAGMA max_page_count = ${most + 1_000}`);
    expect(error).toBeInstanceOf(SessionStoreFullError);
    expect(error).toMatchObject({ cause: { code: 'SQLITE_FULL' } });
    expect(await store.read('small', NOW)).toEqual(recordOf('small'));
    expect(await store.create(large)).toBe(true);
  });
});

describe("a transaction of the application's", () => {
  it('I2 I11 takes no write into it: what was acknowledged survives its rollback', async () => {
    await store.create(recordOf('kept'));
    await store.create(recordOf('ended'));
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    const field = store.update('kept', { fields: new Map([['a', '1']]), expect: {} }, NOW);
    const logout = store.delete('ended');
    expect(await store.read('ended', NOW)).toEqual(recordOf('ended'));
    await runner.rollbackTransaction();
    expect([await field, await logout]).toEqual(['ok', true]);
    expect(await store.read('kept', NOW)).toMatchObject({ version: 1 });
    expect(await store.read('ended', NOW)).toBeUndefined();
  });

  it('I18 that does not end is told, with the mend, and nothing is written', async () => {
    await store.create(recordOf('stuck'));
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    await expect(store.delete('stuck')).rejects.toThrow(/is in a transaction\. Give the store a DataSource of its own/);
    await runner.commitTransaction();
    expect(await store.read('stuck', NOW)).toEqual(recordOf('stuck'));
  });
});

describe('the DataSource', () => {
  it('B-65 has to be connected', async () => {
    const unconnected = new TypeOrmSessionStore(new DataSource(sqliteOptions(sqlite.file)));
    await expect(unconnected.ping()).rejects.toThrow(SessionConfigError);
    await expect(unconnected.read('one', NOW)).rejects.toThrow(/not connected: await dataSource\.initialize\(\)/);
  });
});

it('C-28 I-20 an error carries no value of its statement', async () => {
  const fresh = await openSqlite();
  const refusing = new TypeOrmSessionStore(fresh.dataSource);
  await refusing.create(recordOf('one'));
  await fresh.dataSource.query('CREATE UNIQUE INDEX one_hash ON sessions (secret_hash)');
  await fresh.dataSource.query("UPDATE sessions SET fields = '{'");
  const secrets = { fields: new Map([['password', 'hunter2']]), userId: 'hunter3', secretHash: 'hunter4' };
  const [password] = secrets.fields;
  const errors = await Promise.allSettled([
    refusing.create(recordOf('two', { ...secrets, secretHash: 'hash' })),
    refusing.update('one', { fields: secrets.fields, expect: {} }, NOW),
    refusing.update('one', { fields: new Map([password!]), expect: secrets }, NOW),
    refusing.read('one', NOW),
  ]);
  expect(errors.slice(0, 2).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(inspect(errors, { depth: Infinity, showHidden: true })).not.toContain('hunter');
  await fresh.close();
});
