export type { NearCacheOptions } from './near.cache.js';
export type { IoRedisClient, NodeRedisClient, RedisClient } from './redis.client.js';
export { RedisSessionStore, type RedisSessionStoreOptions } from './redis.store.js';
