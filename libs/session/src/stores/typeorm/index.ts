export { CreateSessionTables } from './create-session-tables.migration.js';
export { SessionEntity, SessionEpochEntity } from './session.entity.js';
export { sessionEntities } from './session.schema.js';
export { CREATE_SESSION_TABLES, type SessionDatabase } from './session.tables.js';
export { TypeOrmSessionStore, type TypeOrmSessionStoreOptions } from './typeorm.store.js';
