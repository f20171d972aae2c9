export type { MemcachedClient, MemcachedItem } from './memcached.client.js';
export type { MemcachedServers } from './memcached.servers.js';
export { MemcachedSessionStore, type MemcachedSessionStoreOptions } from './memcached.store.js';
