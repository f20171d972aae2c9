import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Creates the tables of `TypeOrmSessionStore`. Add it to the `migrations` of your DataSource. */
export class CreateSessionTables implements MigrationInterface {
  /** TypeORM orders migrations by the number in their name. */
  readonly name = 'CreateSessionTables1767225600000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of CREATE_SESSION_TABLES) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE "session_epochs"');
    await runner.query('DROP TABLE "sessions"');
  }
}

/** The same as SQL, for those who do not use migrations. A fill factor leaves room for heap-only updates. */
export const CREATE_SESSION_TABLES: readonly string[] = [
  `CREATE TABLE "sessions" (
  "id" text NOT NULL,
  "name" text NOT NULL,
  "secret_hash" text NOT NULL,
  "generation" integer NOT NULL,
  "version" integer NOT NULL,
  "fields" jsonb NOT NULL,
  "meta" jsonb NOT NULL,
  "user_id" text,
  "created_at" bigint NOT NULL,
  "authenticated_at" bigint,
  "expires_at" bigint NOT NULL,
  "absolute_expires_at" bigint NOT NULL,
  CONSTRAINT "sessions_pkey" PRIMARY KEY ("id")
) WITH (fillfactor = 80)`,
  'CREATE INDEX "sessions_user_id" ON "sessions" ("user_id") WHERE user_id IS NOT NULL',
  `CREATE TABLE "session_epochs" (
  "user_id" text NOT NULL,
  "epoch" bigint NOT NULL,
  CONSTRAINT "session_epochs_pkey" PRIMARY KEY ("user_id")
)`,
];
