import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/**
 * The table that `TypeOrmSessionStore` works on. The column types are those of Postgres; `sessionEntities()` gives this
 * entity with those of another database. Instants are epoch milliseconds in `bigint`, so that no time zone and
 * no rounding comes in between. There is no index on `expires_at`: it would end heap-only updates, since every touch
 * changes it, and a sweep finds what has expired without one.
 */
@Entity({ name: 'sessions' })
export class SessionEntity {
  @PrimaryColumn('text', { primaryKeyConstraintName: 'sessions_pkey' })
  id!: string;

  @Column('text')
  name!: string;

  @Column('text', { name: 'secret_hash' })
  secretHash!: string;

  @Column('integer')
  generation!: number;

  @Column('integer')
  version!: number;

  /** Field name → encoded text: `fields->>'cart'` is the cart's JSON. */
  @Column('jsonb')
  fields!: Record<string, string>;

  @Column('jsonb')
  meta!: Record<string, string>;

  @Index('sessions_user_id', { where: 'user_id IS NOT NULL' })
  @Column('text', { name: 'user_id', nullable: true })
  userId!: string | null;

  @Column('bigint', { name: 'created_at' })
  createdAt!: string;

  @Column('bigint', { name: 'authenticated_at', nullable: true })
  authenticatedAt!: string | null;

  @Column('bigint', { name: 'expires_at' })
  expiresAt!: string;

  @Column('bigint', { name: 'absolute_expires_at' })
  absoluteExpiresAt!: string;
}

/** When all sessions of a user were last revoked. A row is of use for as long as a login can take. */
@Entity({ name: 'session_epochs' })
export class SessionEpochEntity {
  @PrimaryColumn('text', { name: 'user_id', primaryKeyConstraintName: 'session_epochs_pkey' })
  userId!: string;

  @Column('bigint')
  epoch!: string;
}
