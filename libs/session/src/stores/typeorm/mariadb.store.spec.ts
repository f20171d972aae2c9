import { inspect } from 'node:util';
import { jest } from '@jest/globals';
import { Connection } from 'mysql2';
import { DataSource } from 'typeorm';
import { type Mariadb, mariadbOptions, openMariadb } from '../../../../../test/support/mariadb.js';
import { HOUR, NOW, recordOf, verbs } from '../../../../../test/support/records.js';
import { SessionConfigError, SessionStoreFullError } from '../../core/errors.js';
import { CREATE_SESSION_TABLES, SessionEntity, SessionEpochEntity, TypeOrmSessionStore } from './index.js';

let mariadb: Mariadb;
let dataSource: DataSource;
let store: TypeOrmSessionStore;

beforeAll(async () => {
  mariadb = await openMariadb();
  dataSource = mariadb.dataSource;
  store = new TypeOrmSessionStore(dataSource);
}, 60_000);

afterAll(() => mariadb.close(), 60_000);

/** Another DataSource, as another node has. */
async function connect(options: Record<string, unknown> = {}): Promise<DataSource> {
  return new DataSource({ ...mariadbOptions(mariadb.server.url), ...options }).initialize();
}

/** Until a statement waits for a row. */
async function lockWait(): Promise<void> {
  for (;;) {
    const [row] = await dataSource.query<{ Value: string }[]>(
      "SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'",
    );
    if (Number(row!.Value) > 0) return;
  }
}

describe('every verb is one statement', () => {
  afterEach(() => jest.restoreAllMocks());

  it.each(verbs(() => store))('DESIGN 5 %s', async (_verb, work, expected) => {
    const { prototype } = Connection as unknown as { prototype: Record<'execute' | 'query', () => unknown> };
    const execute = jest.spyOn(prototype, 'execute');
    const query = jest.spyOn(prototype, 'query');
    expect(await work()).toEqual(expected);
    expect(execute).toHaveBeenCalledTimes(1);
    expect(query).not.toHaveBeenCalled();
  });
});

describe('the tables on MariaDB', () => {
  it('DESIGN 2.1 can be queried for what is in a field', async () => {
    await store.create(recordOf('queried'));
    const rows: unknown = await dataSource.query(
      `SELECT JSON_VALUE(fields, '$.cart') AS text, JSON_VALUE(JSON_VALUE(fields, '$.cart'), '$[0].sku') AS sku
       FROM sessions WHERE id = 'queried'`,
    );
    expect(rows).toEqual([{ text: '[{"sku":"tea","count":2}]', sku: 'tea' }]);
  });

  it('B-55 hold names and user ids as they are, but for what JSON paths and collations trip over', async () => {
    const fields = new Map(Object.entries({ 'a.b $ 🍵': '1', '"100 %"': '2', '': '3' }));
    await store.create(recordOf('escaped', { fields, userId: 'ada ' }));
    expect(await dataSource.query("SELECT fields, user_id FROM sessions WHERE id = 'escaped'")).toEqual([
      { fields: { 'a.b $ 🍵': '1', '%22100 %25%22': '2', '%': '3' }, user_id: 'ada%20' },
    ]);
    expect(await store.read('escaped', NOW)).toEqual(recordOf('escaped', { fields, userId: 'ada ' }));
  });

  it('C-30 a change may set one name and remove another: what MariaDB does to both in one JSON_MERGE_PATCH', async () => {
    const fields = new Map(Object.entries({ a: '1', b: '2' }));
    await store.create(recordOf('patched', { fields, meta: fields }));
    const change = new Map(Object.entries({ b: '3', a: null }));
    await store.update('patched', { fields: change, meta: change, expect: {} }, NOW);
    const after = new Map([['b', '3']]);
    expect(await store.read('patched', NOW)).toMatchObject({ fields: after, meta: after });
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
});

describe('two nodes', () => {
  let other: DataSource;

  beforeAll(async () => void (other = await connect()));
  afterAll(() => other.destroy());

  it('I6 I7 of 80 updates at once none is lost', async () => {
    await store.create(recordOf('shared'));
    const stores = [store, new TypeOrmSessionStore(other)];
    const updates = Array.from({ length: 80 }, (_, index) =>
      stores[index % 2]!.update('shared', { fields: new Map([[`f${index}`, `${index}`]]), expect: {} }, NOW),
    );
    expect(new Set(await Promise.all(updates))).toEqual(new Set(['ok']));
    const record = await store.read('shared', NOW);
    expect(record).toMatchObject({ version: 80 });
    expect(record!.fields.size).toBe(81);
  });

  it('I12 of twenty that expect the same, one wins', async () => {
    await store.create(recordOf('raced'));
    const stores = [store, new TypeOrmSessionStore(other)];
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        stores[index % 2]!.update('raced', { fields: new Map([['a', `${index}`]]), expect: { version: 0 } }, NOW),
      ),
    );
    expect(results.filter((result) => result === 'ok')).toHaveLength(1);
  });

  it('F17 B-49 sweep one at a time, and the lock is let go', async () => {
    await store.create(recordOf('old', { expiresAt: NOW - 1 }));
    const runner = other.createQueryRunner();
    await runner.query("SELECT GET_LOCK(CONCAT('nest-sessions ', MD5(DATABASE())), 0)");
    expect(await store.sweep(NOW, 100)).toBe(0);
    await runner.query("SELECT RELEASE_LOCK(CONCAT('nest-sessions ', MD5(DATABASE())))");
    await runner.release();
    expect(await store.sweep(NOW, 100)).toBe(1);
    await store.create(recordOf('old', { expiresAt: NOW - 1 }));
    expect(await new TypeOrmSessionStore(other).sweep(NOW, 100)).toBe(1);
  });

  it('F17 a sweep locks nothing but what it removes', async () => {
    await store.create(recordOf('live'));
    const runner = other.createQueryRunner();
    await runner.startTransaction();
    await runner.query("SELECT id FROM sessions WHERE id = 'live' FOR UPDATE");
    await store.create(recordOf('old', { expiresAt: NOW - 1 }));
    expect(await store.sweep(NOW, 100)).toBe(1);
    await runner.rollbackTransaction();
    await runner.release();
  });

  it('F15 a sweep that is the victim of a deadlock is tried once more', async () => {
    await store.create(recordOf('first', { expiresAt: NOW - 2 }));
    await store.create(recordOf('second', { expiresAt: NOW - 1 }));
    await other.query('CREATE TABLE weight (n int)');
    const runner = other.createQueryRunner();
    await runner.startTransaction();
    // Of the two, InnoDB ends the one that has changed less.
    await runner.query(`INSERT INTO weight VALUES ${'(1),'.repeat(99)}(1)`);
    await runner.query("SELECT id FROM sessions WHERE id = 'second' FOR UPDATE");
    const sweep = store.sweep(NOW, 100);
    await lockWait();
    await runner.query("SELECT id FROM sessions WHERE id = 'first' FOR UPDATE");
    await runner.commitTransaction();
    await runner.release();
    expect(await sweep).toBe(2);
  });
});

describe('errors', () => {
  /** Makes the next `times` updates of this session fail as deadlocks do. */
  async function deadlocks(id: string, times: number): Promise<void> {
    await dataSource.query('DROP TRIGGER IF EXISTS deadlock');
    // What is written to a table of this engine survives the statement that fails.
    await dataSource.query('CREATE TABLE IF NOT EXISTS faults (n int) ENGINE = Aria TRANSACTIONAL = 0');
    await dataSource.query(`REPLACE INTO faults VALUES ${'(1),'.repeat(times - 1)}(1)`);
    await dataSource.query(`CREATE TRIGGER deadlock BEFORE UPDATE ON sessions FOR EACH ROW
      IF OLD.id = '${id}' AND (SELECT COUNT(*) FROM faults) > 0 THEN
        DELETE FROM faults LIMIT 1;
        SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213, MESSAGE_TEXT = 'Deadlock over ''hunter2''';
      END IF`);
  }

  afterEach(() => dataSource.query('DROP TRIGGER IF EXISTS deadlock'));

  it('F15 a write that lost to another transaction is tried once more', async () => {
    await store.create(recordOf('unlucky'));
    await deadlocks('unlucky', 1);
    expect(await store.update('unlucky', { fields: new Map([['a', '1']]), expect: { version: 0 } }, NOW)).toBe('ok');
    expect(await store.read('unlucky', NOW)).toMatchObject({ version: 1 });
  });

  it('F15 a write that loses twice is told', async () => {
    await store.create(recordOf('unluckier'));
    await deadlocks('unluckier', 2);
    await expect(store.touch('unluckier', NOW + 2 * HOUR, NOW, {})).rejects.toMatchObject({ code: 'ER_LOCK_DEADLOCK' });
    expect(await store.touch('unluckier', NOW + 2 * HOUR, NOW, {})).toBe('ok');
  });

  it.each([
    [1021, 'ER_DISK_FULL'],
    [1114, 'ER_RECORD_FILE_FULL'],
  ])('F15 a server without room is told as full: %i', async (number, code) => {
    await dataSource.query(`CREATE TRIGGER full BEFORE INSERT ON sessions FOR EACH ROW
      SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = ${number}, MESSAGE_TEXT = 'no room for ''hunter2'''`);
    const error: unknown = await store.create(recordOf('more')).catch((refusal: unknown) => refusal);
    await dataSource.query('DROP TRIGGER full');
    expect(error).toBeInstanceOf(SessionStoreFullError);
    expect(error).toMatchObject({ cause: { code } });
    expect(inspect(error)).not.toContain('hunter2');
  });

  it('F15 a write that waits for a lock in vain is told, and does nothing', async () => {
    await store.create(recordOf('locked'));
    const impatient = await connect({ extra: { connectionLimit: 1 } });
    await impatient.query('SET innodb_lock_wait_timeout = 0');
    const runner = dataSource.createQueryRunner();
    await runner.startTransaction();
    await runner.query("SELECT id FROM sessions WHERE id = 'locked' FOR UPDATE");
    const waiting = new TypeOrmSessionStore(impatient);
    await expect(waiting.delete('locked')).rejects.toMatchObject({ code: 'ER_LOCK_WAIT_TIMEOUT' });
    expect(await waiting.read('locked', NOW)).toEqual(recordOf('locked'));
    await runner.rollbackTransaction();
    await runner.release();
    expect(await waiting.delete('locked')).toBe(true);
    await impatient.destroy();
  });

  it('C-28 I-20 carry no value of their statement, neither in their message nor in their stack', async () => {
    await store.create(recordOf('refused'));
    await deadlocks('refused', 4);
    const secrets = {
      userId: `hunter3${'x'.repeat(300)}`,
      secretHash: 'hunter4',
      fields: new Map([['pw', 'hunter5']]),
    };
    await dataSource.query("ALTER TABLE sessions ADD CONSTRAINT never CHECK (JSON_VALUE(fields, '$.pw') IS NULL)");
    const settled = await Promise.allSettled([
      store.create(recordOf('one', { fields: secrets.fields })),
      store.create(recordOf('two', { secretHash: secrets.secretHash, userId: secrets.userId })),
      store.raiseEpoch(secrets.userId, NOW),
      store.update('refused', { fields: secrets.fields, expect: { secretHash: 'hash' } }, NOW),
      store.touch('refused', NOW + 2 * HOUR, NOW, {}),
    ]);
    await dataSource.query('ALTER TABLE sessions DROP CONSTRAINT never');
    const errors = settled.map((result) => (result as PromiseRejectedResult).reason as Error & { errno: number });
    // ER_CONSTRAINT_FAILED, which mysql2 gives the name of MySQL's error of that number, ER_DATA_TOO_LONG, ER_LOCK_DEADLOCK.
    expect(errors.map(({ errno }) => errno)).toEqual([4025, 1406, 1406, 1213, 1213]);
    expect(errors.map(({ message, stack }) => stack!.includes(message))).toEqual(errors.map(() => true));
    const shown = inspect(errors, { depth: Infinity, showHidden: true, maxStringLength: null });
    expect(shown).toContain("Deadlock over '…'");
    expect(shown).not.toMatch(/hunter|INSERT|UPDATE/);
  });

  it('F2 F14 of a server that died are told, and the store works again once it is back', async () => {
    await store.create(recordOf('survivor'));
    await mariadb.server.kill();
    await expect(store.read('survivor', NOW)).rejects.toThrow();
    await mariadb.server.restart();
    expect(await store.read('survivor', NOW)).toEqual(recordOf('survivor'));
  });
});

describe('start-up', () => {
  it.each([
    ['DROP TABLE sessions', "Table 'test.sessions' doesn't exist"],
    ['DROP TABLE session_epochs', "Table 'test.session_epochs' doesn't exist"],
    ['ALTER TABLE sessions RENAME COLUMN meta TO other', "Unknown column 'meta'"],
  ])('F16 B-65 after %s a ping says what is wrong, and the SQL that mends it', async (sql, wrong) => {
    await dataSource.query(sql);
    const error = (await store.ping().catch((reason: unknown) => reason)) as Error;
    expect(error).toBeInstanceOf(SessionConfigError);
    expect(error.message).toContain(wrong);
    expect(error.message).toContain(CREATE_SESSION_TABLES.mariadb.join(';\n'));
    for (const table of ['sessions', 'session_epochs']) await dataSource.query(`DROP TABLE IF EXISTS ${table}`);
    for (const statement of CREATE_SESSION_TABLES.mariadb) await dataSource.query(statement);
    await store.ping();
  });

  it('F16 the tables go and come with the migration, or by `synchronize`', async () => {
    await dataSource.undoLastMigration();
    await expect(store.ping()).rejects.toThrow(SessionConfigError);
    await dataSource.runMigrations();
    await store.ping();
    await dataSource.undoLastMigration();
    await dataSource.synchronize();
    await store.ping();
    expect(await store.create(recordOf('one'))).toBe(true);
    expect(await store.read('one', NOW)).toEqual(recordOf('one'));
  });

  it('I14 a collation that takes `a` for `A` is told', async () => {
    await dataSource.query('ALTER TABLE sessions MODIFY user_id varchar(255) COLLATE utf8mb4_general_ci');
    await expect(store.ping()).rejects.toThrow(/collation of sessions\.user_id .*: let it be utf8mb4_bin/);
    await dataSource.query('ALTER TABLE sessions MODIFY user_id varchar(255) COLLATE utf8mb4_bin');
    await store.ping();
  });

  it.each([
    ["sql_mode = ''", /sql_mode is not strict.*add STRICT_TRANS_TABLES/],
    ['autocommit = 0', /autocommit is off/],
  ])('B-65 %s is told', async (setting, told) => {
    const wrong = await connect({ extra: { connectionLimit: 1 } });
    await wrong.query(`SET ${setting}`);
    await expect(new TypeOrmSessionStore(wrong).ping()).rejects.toThrow(told);
    await wrong.destroy();
  });

  it('B-65 a connection that cannot carry every text is told', async () => {
    const narrow = await connect({ charset: 'UTF8_GENERAL_CI' });
    await expect(new TypeOrmSessionStore(narrow).ping()).rejects.toThrow(/character set is utf8mb3: .* be utf8mb4/);
    await narrow.destroy();
  });

  it.each([{ flags: ['-FOUND_ROWS'] }, { extra: { flags: '-found_rows' } }])('B-65 %j is told', (options) => {
    const source = new DataSource({ ...mariadbOptions(mariadb.server.url), ...options });
    expect(() => new TypeOrmSessionStore(source)).toThrow(SessionConfigError);
  });

  it('B-65 the DataSource has to be connected', async () => {
    const unconnected = new TypeOrmSessionStore(new DataSource(mariadbOptions(mariadb.server.url)));
    await expect(unconnected.ping()).rejects.toThrow(SessionConfigError);
    await expect(unconnected.read('one', NOW)).rejects.toThrow(/not connected: await dataSource\.initialize\(\)/);
    await expect(unconnected.sweep(NOW, 1)).rejects.toThrow(/not connected/);
  });
});

describe('other settings of the DataSource', () => {
  async function worksWith(options: Record<string, unknown>): Promise<void> {
    const source = await connect(options);
    const other = new TypeOrmSessionStore(source);
    await other.ping();
    const record = recordOf('settings', { userId: 'ada ', authenticatedAt: NOW, expiresAt: NOW + HOUR });
    expect(await other.create(record)).toBe(true);
    expect(await other.update('settings', { meta: new Map([['🍵', '"\\\'']]), expect: { userId: 'ada ' } }, NOW)).toBe(
      'ok',
    );
    expect(await other.listByUser('ada ', NOW)).toEqual([
      { ...record, version: 1, meta: new Map([...record.meta, ['🍵', '"\\\'']]) },
    ]);
    expect(await other.touch('settings', NOW, NOW, {})).toBe('ok');
    expect(await other.sweep(NOW - HOUR, 1)).toBe(0);
    expect(await other.delete('settings')).toBe(true);
    await source.destroy();
  }

  it.each([
    ["type: 'mysql'", { type: 'mysql' }],
    ['JSON as text', { extra: { jsonStrings: true } }],
    ['numbers for bigint', { supportBigNumbers: false, bigNumberStrings: false }],
    ['named placeholders', { extra: { namedPlaceholders: true } }],
  ])('%s', (_what, options) => worksWith(options));

  it('B-71 replication: everything goes to the master', () => {
    const { url } = mariadb.server;
    // A replica that has nothing yet, so to speak.
    const slaves = [{ url: Object.assign(new URL(url), { pathname: '/mysql' }).href }];
    return worksWith({ url: undefined, replication: { master: { url }, slaves } });
  });

  it('C-30 a server that does not know backslash escapes', async () => {
    await dataSource.query("SET GLOBAL sql_mode = 'STRICT_TRANS_TABLES,NO_BACKSLASH_ESCAPES,ANSI_QUOTES'");
    await worksWith({});
    await dataSource.query('SET GLOBAL sql_mode = DEFAULT');
  });
});
