import type { MigrationInterface, QueryRunner } from 'typeorm';
import { SessionConfigError } from '../../core/errors.js';
import { CREATE_SESSION_TABLES, isSupported, SUPPORTED } from './session.tables.js';

/** Creates the tables of `TypeOrmSessionStore`, on any database it supports. Add it to the `migrations` of your DataSource. */
export class CreateSessionTables implements MigrationInterface {
  /** TypeORM orders migrations by the number in their name. */
  readonly name = 'CreateSessionTables1767225600000';

  async up(runner: QueryRunner): Promise<void> {
    const { type } = runner.connection.options;
    if (!isSupported(type)) {
      throw new SessionConfigError(`CreateSessionTables needs a DataSource of type ${SUPPORTED}, and met '${type}'.`);
    }
    for (const statement of CREATE_SESSION_TABLES[type]) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE session_epochs');
    await runner.query('DROP TABLE sessions');
  }
}
