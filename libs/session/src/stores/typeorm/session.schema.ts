import { EntitySchema, type EntitySchemaColumnOptions, type EntitySchemaIndexOptions } from 'typeorm';
import { SessionConfigError } from '../../core/errors.js';
import { SessionEntity, SessionEpochEntity } from './session.entity.js';
import { isSupported, type SessionDatabase, SUPPORTED } from './session.tables.js';

/** What a text, a count, names and texts, and an instant are in a database. */
interface ColumnTypes {
  readonly text: Partial<EntitySchemaColumnOptions> & Pick<EntitySchemaColumnOptions, 'type'>;
  readonly count: ColumnTypes['text'];
  readonly texts: ColumnTypes['text'];
  readonly instant: ColumnTypes['text'];
}

const MYSQL: ColumnTypes = {
  text: { type: 'varchar', length: 255, charset: 'utf8mb4', collation: 'utf8mb4_bin' },
  count: { type: 'int' },
  texts: { type: 'json' },
  instant: { type: 'bigint' },
};

const SQLITE: ColumnTypes = {
  text: { type: 'text' },
  count: { type: 'integer' },
  texts: { type: 'simple-json' },
  // As the other databases give it.
  instant: {
    type: 'bigint',
    transformer: { from: (value: number | null) => value && String(value), to: (value: unknown) => value },
  },
};

/**
 * The entities of `TypeOrmSessionStore` for a DataSource of this type: `SessionEntity` and `SessionEpochEntity`, with the
 * columns of its database.
 */
export function sessionEntities(
  type: SessionDatabase,
): (typeof SessionEntity | typeof SessionEpochEntity | EntitySchema)[] {
  if (!isSupported(type)) {
    throw new SessionConfigError(
      `sessionEntities() needs a database of type ${SUPPORTED}, and was given '${String(type)}'.`,
    );
  }
  if (type === 'postgres') return [SessionEntity, SessionEpochEntity];
  const isSqlite = type === 'better-sqlite3';
  return schemas(isSqlite ? SQLITE : MYSQL, isSqlite ? { where: 'user_id IS NOT NULL' } : {});
}

function schemas({ count, instant, text, texts }: ColumnTypes, userIndex: EntitySchemaIndexOptions): EntitySchema[] {
  const session = new EntitySchema<SessionEntity>({
    name: 'SessionEntity',
    target: SessionEntity,
    tableName: 'sessions',
    columns: {
      id: { ...text, primary: true },
      name: text,
      secretHash: { ...text, name: 'secret_hash' },
      generation: count,
      version: count,
      fields: texts,
      meta: texts,
      userId: { ...text, name: 'user_id', nullable: true },
      createdAt: { ...instant, name: 'created_at' },
      authenticatedAt: { ...instant, name: 'authenticated_at', nullable: true },
      expiresAt: { ...instant, name: 'expires_at' },
      absoluteExpiresAt: { ...instant, name: 'absolute_expires_at' },
    },
    indices: [
      { name: 'sessions_user_id', columns: ['userId'], ...userIndex },
      { name: 'sessions_expires_at', columns: ['expiresAt'] },
    ],
  });
  const epoch = new EntitySchema<SessionEpochEntity>({
    name: 'SessionEpochEntity',
    target: SessionEpochEntity,
    tableName: 'session_epochs',
    columns: { userId: { ...text, name: 'user_id', primary: true }, epoch: instant },
  });
  return [session, epoch] as EntitySchema[];
}
