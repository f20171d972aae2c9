import type { DataSource } from 'typeorm';
import { SessionConfigError } from '../../core/errors.js';
import type { Dialect } from './dialect.js';
import { MysqlDialect } from './mysql.dialect.js';
import { PostgresDialect } from './postgres.dialect.js';
import { isSupported, type SessionDatabase, SUPPORTED } from './session.tables.js';
import { SqliteDialect } from './sqlite.dialect.js';

const DIALECTS: Readonly<Record<SessionDatabase, new (dataSource: DataSource) => Dialect>> = {
  postgres: PostgresDialect,
  mysql: MysqlDialect,
  mariadb: MysqlDialect,
  'better-sqlite3': SqliteDialect,
};

/** How to speak to the database of a DataSource, which need not be connected yet. */
export function dialectOf(dataSource: DataSource | undefined): { type: SessionDatabase; dialect: Dialect } {
  const type = dataSource?.options?.type;
  if (dataSource && isSupported(type)) return { type, dialect: new DIALECTS[type](dataSource) };
  throw new SessionConfigError(
    `TypeOrmSessionStore needs a TypeORM DataSource of type ${SUPPORTED}, and was given ${type ? `'${type}'` : 'none'}.`,
  );
}
