/** The databases that `TypeOrmSessionStore` works on, by their names in the `type` of a DataSource. */
export type SessionDatabase = 'postgres' | 'mysql' | 'mariadb' | 'better-sqlite3';

/** A fill factor leaves room for heap-only updates, which an index on the expiry would end. */
const POSTGRES = [
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

/** A binary collation tells `a` from `A`. Without the index on the expiry, a sweep would lock all rows it looks at. */
const MYSQL = [
  `CREATE TABLE \`sessions\` (
  \`id\` varchar(255) NOT NULL,
  \`name\` varchar(255) NOT NULL,
  \`secret_hash\` varchar(255) NOT NULL,
  \`generation\` int NOT NULL,
  \`version\` int NOT NULL,
  \`fields\` json NOT NULL,
  \`meta\` json NOT NULL,
  \`user_id\` varchar(255) NULL,
  \`created_at\` bigint NOT NULL,
  \`authenticated_at\` bigint NULL,
  \`expires_at\` bigint NOT NULL,
  \`absolute_expires_at\` bigint NOT NULL,
  PRIMARY KEY (\`id\`),
  INDEX \`sessions_user_id\` (\`user_id\`),
  INDEX \`sessions_expires_at\` (\`expires_at\`)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
  `CREATE TABLE \`session_epochs\` (
  \`user_id\` varchar(255) NOT NULL,
  \`epoch\` bigint NOT NULL,
  PRIMARY KEY (\`user_id\`)
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
];

const SQLITE = [
  `CREATE TABLE "sessions" (
  "id" text PRIMARY KEY NOT NULL,
  "name" text NOT NULL,
  "secret_hash" text NOT NULL,
  "generation" integer NOT NULL,
  "version" integer NOT NULL,
  "fields" text NOT NULL,
  "meta" text NOT NULL,
  "user_id" text,
  "created_at" bigint NOT NULL,
  "authenticated_at" bigint,
  "expires_at" bigint NOT NULL,
  "absolute_expires_at" bigint NOT NULL
)`,
  'CREATE INDEX "sessions_user_id" ON "sessions" ("user_id") WHERE user_id IS NOT NULL',
  'CREATE INDEX "sessions_expires_at" ON "sessions" ("expires_at")',
  `CREATE TABLE "session_epochs" (
  "user_id" text PRIMARY KEY NOT NULL,
  "epoch" bigint NOT NULL
)`,
];

/** The SQL of the tables of `TypeOrmSessionStore`, statement by statement, for those who do not use migrations. */
export const CREATE_SESSION_TABLES: Readonly<Record<SessionDatabase, readonly string[]>> = {
  postgres: POSTGRES,
  mysql: MYSQL,
  mariadb: MYSQL,
  'better-sqlite3': SQLITE,
};

const NAMES = Object.keys(CREATE_SESSION_TABLES).map((name) => `'${name}'`);
/** As in `'a', 'b' or 'c'`. */
export const SUPPORTED = `${NAMES.slice(0, -1).join(', ')} or ${NAMES.at(-1)}`;

export function isSupported(type: unknown): type is SessionDatabase {
  return typeof type === 'string' && Object.hasOwn(CREATE_SESSION_TABLES, type);
}
