import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { createSentinel } from 'redis';
import { type RedisSentinels, startRedisSentinels } from '../../../../../scripts/redis.js';
import { assertAbsent, assertStored, newRecord, newStored } from '../../testing/contract/theme.js';
import { RedisSessionStore } from './redis.store.js';

let group: RedisSentinels;
let nodeRedis: ReturnType<typeof createNodeRedis>;
let ioRedis: Redis;
let stores: RedisSessionStore[];

function createNodeRedis() {
  const sentinelRootNodes = group.sentinels.map(({ port }) => ({ host: '127.0.0.1', port }));
  // With replicas for what only reads: sessions come from the primary all the same.
  return createSentinel({ name: group.name, sentinelRootNodes, replicaPoolSize: 1 }).on('error', () => {});
}

beforeAll(async () => {
  group = await startRedisSentinels();
  nodeRedis = createNodeRedis();
  await nodeRedis.connect();
  const sentinels = group.sentinels.map(({ port }) => ({ host: '127.0.0.1', port }));
  ioRedis = new Redis({ name: group.name, sentinels }).on('error', () => {});
  stores = [new RedisSessionStore(nodeRedis), new RedisSessionStore(ioRedis)];
}, 40_000);

afterAll(async () => {
  nodeRedis.destroy();
  ioRedis.disconnect();
  await group.stop();
});

describe('RedisSessionStore behind Sentinel', () => {
  it('F9 goes on with the new primary; what a replica had confirmed is not lost, and does not come back', async () => {
    const [primary] = group.servers;
    for (const store of stores) await store.ping();
    const kept = await Promise.all(stores.map((store) => newStored(store)));
    const ended = await Promise.all(stores.map((store) => newStored(store)));
    for (const [index, store] of stores.entries()) assert.equal(await store.delete(ended[index]!.id), true);
    // Replication is asynchronous: what no replica has confirmed, a failover may undo, and nobody can test that it won't.
    assert.equal(await ioRedis.wait(2, 1_000), 2);
    const writers = stores.map((store) => new Writer(store));
    await pause(50);
    await primary!.kill();
    const pauses = await Promise.all(writers.map((writer) => writer.pause()));
    // 500 ms until it counts as down, the vote, and until the client has found out.
    for (const length of pauses) expect(length).toBeLessThan(10_000);
    for (const [index, store] of stores.entries()) {
      await assertStored(store, kept[index]!);
      await assertAbsent(store, ended[index]!.id);
    }
    // The old primary comes back as a replica, which nobody writes to by mistake.
    await primary!.restart();
    for (const store of stores) await assertStored(store, await newStored(store));
  }, 30_000);
});

/** Creates sessions one after the other. */
class Writer {
  #lastAt = Date.now();
  #longestPause = 0;
  readonly #finished: Promise<void>;

  constructor(private readonly store: RedisSessionStore) {
    this.#finished = this.#run();
  }

  /** Ends it once it has met a failover, and says for how many milliseconds nothing was acknowledged. */
  async pause(): Promise<number> {
    await this.#finished;
    return this.#longestPause;
  }

  async #run(): Promise<void> {
    // A server is down for 500 ms before anybody votes; nothing else takes as long.
    while (this.#longestPause < 500) {
      try {
        await this.store.create(newRecord());
        this.#longestPause = Math.max(this.#longestPause, Date.now() - this.#lastAt);
        this.#lastAt = Date.now();
      } catch {
        await pause(20);
      }
    }
  }
}
