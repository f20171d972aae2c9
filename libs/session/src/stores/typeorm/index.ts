export { CREATE_SESSION_TABLES, CreateSessionTables } from './create-session-tables.migration.js';
export { SessionEntity, SessionEpochEntity } from './session.entity.js';
export { TypeOrmSessionStore } from './typeorm.store.js';
