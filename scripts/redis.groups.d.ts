import type { RedisServer } from './redis.js';

export interface RedisCluster {
  /** Three primaries and then a replica for each, in the same order. */
  readonly nodes: readonly RedisServer[];
  stop(): Promise<void>;
}

/** Starts a cluster of six, and waits until all six agree that it is one. */
export function startRedisCluster(): Promise<RedisCluster>;

export interface RedisSentinels {
  /** What the sentinels call the group. */
  readonly name: string;
  /** A primary and two replicas, as it was at first. */
  readonly servers: readonly RedisServer[];
  readonly sentinels: readonly RedisServer[];
  stop(): Promise<void>;
}

/** Starts a primary with two replicas and three sentinels that watch them, and waits until all know of each other. */
export function startRedisSentinels(): Promise<RedisSentinels>;
