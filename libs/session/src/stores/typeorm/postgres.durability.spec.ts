import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { startPostgres, type PostgresServer } from '../../../../../scripts/postgres.js';
import { postgresOptions } from '../../../../../test/support/postgres.js';
import { HOUR, NOW, recordOf } from '../../../../../test/support/records.js';
import { sqliteOptions } from '../../../../../test/support/sqlite.js';
import { SessionConfigError } from '../../core/errors.js';
import { TypeOrmSessionStore, type TypeOrmSessionStoreOptions } from './typeorm.store.js';

let server: PostgresServer;
let dataSource: DataSource;
let relaxed: TypeOrmSessionStore;
let full: TypeOrmSessionStore;

beforeAll(async () => {
  // A server of our own, where nobody else writes to its log, and which writes that to the disk only when it has to.
  server = await startPostgres({ settings: { wal_writer_delay: '10s', autovacuum: 'off' } });
  dataSource = await new DataSource(postgresOptions(server.url)).initialize();
  await dataSource.runMigrations();
  relaxed = new TypeOrmSessionStore(dataSource, { durability: 'relaxed' });
  full = new TypeOrmSessionStore(dataSource);
}, 60_000);

afterAll(async () => {
  await dataSource?.destroy();
  await server?.stop();
}, 60_000);

/** How far the server's log is on the disk, as a count of bytes. */
async function flushed(): Promise<number> {
  const [row] = await dataSource.query<{ bytes: string }[]>(
    `SELECT pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0') AS bytes`,
  );
  return Number(row!.bytes);
}

/** How many of these waited for the disk. */
async function waits(work: readonly (() => Promise<unknown>)[]): Promise<number> {
  let count = 0;
  for (const step of work) {
    const before = await flushed();
    expect(['ok', true, undefined]).toContain(await step());
    if ((await flushed()) > before) count++;
  }
  return count;
}

const EXPECT = { generation: 0 };
const times = <T>(work: (index: number) => T): T[] => Array.from({ length: 10 }, (_, index) => work(index));
const update = (store: TypeOrmSessionStore) => (index: number) => () =>
  store.update('one', { fields: new Map([['seen', `${index}`]]), expiresAt: NOW + HOUR, expect: EXPECT }, NOW);
const touch = (store: TypeOrmSessionStore) => (index: number) => () =>
  store.touch('one', NOW + HOUR + index + 1, NOW, EXPECT);

describe('durability', () => {
  it('F16 changes of fields and touches wait for the disk, and with `relaxed` they do not', async () => {
    await full.create(recordOf('one'));
    expect(await waits([...times(update(full)), ...times(touch(full))])).toBe(20);
    // The server may find a moment of its own to write, once or twice.
    expect(await waits([...times(update(relaxed)), ...times(touch(relaxed))])).toBeLessThan(5);
    expect(await full.read('one', NOW)).toMatchObject({ version: 20, expiresAt: NOW + HOUR + 10 });
  });

  it('I5 what is made, every new token and every end wait for it all the same', async () => {
    const { absoluteExpiresAt, expiresAt } = recordOf('any');
    const rotate = {
      secretHash: 'new',
      generation: 1,
      userId: 'ada',
      authenticatedAt: NOW,
      absoluteExpiresAt,
      expiresAt,
    };
    const rest = times((index) => {
      const id = `rotated ${index}`;
      return [
        () => relaxed.create(recordOf(id)),
        () => relaxed.update(id, { rotate, expect: EXPECT }, NOW),
        () => relaxed.update(id, { meta: new Map([['moved', '1']]), expect: { version: 1 } }, NOW),
        () => relaxed.raiseEpoch('ada', NOW + index),
        () => relaxed.delete(id),
      ];
    }).flat();
    expect(await waits(rest)).toBe(50);
  });

  it('refuses what it does not know, and what the database does not have', () => {
    const other = new DataSource(sqliteOptions(':memory:'));
    const given = (source: DataSource, durability: unknown) => () =>
      new TypeOrmSessionStore(source, { durability } as TypeOrmSessionStoreOptions);
    expect(given(dataSource, 'none')).toThrow(SessionConfigError);
    expect(given(dataSource, 'none')).toThrow(/durability is "none", and must be 'full' or 'relaxed'/);
    expect(given(other, 'relaxed')).toThrow(/durability can be 'relaxed' on Postgres only/);
  });
});
