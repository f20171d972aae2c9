export { MemorySessionStore, type MemorySessionStoreOptions } from './memory.store.js';
