import { DataSource } from 'typeorm';
import { SessionConfigError } from '../../core/errors.js';
import { CREATE_SESSION_TABLES, CreateSessionTables, sessionEntities, TypeOrmSessionStore } from './index.js';

const SUPPORTED = /type 'postgres', 'mysql', 'mariadb' or 'better-sqlite3', and (was given|met) (.*)\.$/;

describe('a database that is not supported', () => {
  it('B-65 is told with those that are', () => {
    const cockroach = new DataSource({ type: 'cockroachdb', timeTravelQueries: false });
    expect(() => new TypeOrmSessionStore(cockroach)).toThrow(SessionConfigError);
    expect(() => new TypeOrmSessionStore(cockroach)).toThrow(SUPPORTED);
    expect(() => new TypeOrmSessionStore(cockroach)).toThrow(/'cockroachdb'/);
  });

  it.each([undefined, null, {}, { options: {} }])('B-65 has to be one: %j is not', (nothing) => {
    expect(() => new TypeOrmSessionStore(nothing as never)).toThrow(SUPPORTED);
    expect(() => new TypeOrmSessionStore(nothing as never)).toThrow(/was given none/);
  });

  it('B-65 has no entities', () => {
    expect(() => sessionEntities('mssql' as never)).toThrow(SessionConfigError);
    expect(() => sessionEntities('toString' as never)).toThrow(SUPPORTED);
  });

  it('B-65 is not migrated', async () => {
    const runner = { connection: { options: { type: 'oracle' } } };
    await expect(new CreateSessionTables().up(runner as never)).rejects.toThrow(SUPPORTED);
    await expect(new CreateSessionTables().up(runner as never)).rejects.toThrow(SessionConfigError);
  });
});

it('B-65 another driver than mysql2 is told', async () => {
  // The pool of the mysql package, which TypeORM 0.3 prefers, has no prepared statements.
  const source = { options: { type: 'mysql' }, driver: { pool: { query: () => {} } } };
  const store = new TypeOrmSessionStore(source as never);
  await expect(store.ping()).rejects.toThrow(SessionConfigError);
  await expect(store.ping()).rejects.toThrow(/connectorPackage: 'mysql2'/);
});

it('the SQL of the tables is there for every supported database', () => {
  for (const statements of Object.values(CREATE_SESSION_TABLES)) {
    expect(statements.filter((sql) => sql.startsWith('CREATE TABLE'))).toHaveLength(2);
  }
});
