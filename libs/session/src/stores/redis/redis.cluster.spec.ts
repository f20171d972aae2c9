import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Cluster, Redis } from 'ioredis';
import { createClient, createCluster } from 'redis';
import type { RedisServer } from '../../../../../scripts/redis.js';
import { type RedisCluster, startRedisCluster } from '../../../../../scripts/redis.groups.js';
import { SessionConfigError } from '../../core/errors.js';
import { assertStored, newRotation, newStored, newUser } from '../../testing/contract/theme.js';
import { describeSessionStore } from '../../testing/store.contract.js';
import { RedisSessionStore } from './redis.store.js';

let cluster: RedisCluster;
let primaries: readonly RedisServer[];
let nodeRedis: ReturnType<typeof createNodeRedis>;
let ioRedis: Cluster;
let stores: Record<'node-redis' | 'ioredis', RedisSessionStore>;

function createNodeRedis() {
  return createCluster({
    rootNodes: [{ url: cluster.nodes[0]!.url }],
    useReplicas: true,
    // By default it takes 5 s to look who has taken over.
    topologyRefreshOnReconnectionAttemptStrategy: 200,
  }).on('error', () => {});
}

beforeAll(async () => {
  cluster = await startRedisCluster();
  primaries = cluster.nodes.slice(0, 3);
  nodeRedis = createNodeRedis();
  await nodeRedis.connect();
  // Both clients ask replicas for what only reads, where they can: sessions come from primaries all the same.
  ioRedis = new Cluster([cluster.nodes[1]!.url], { scaleReads: 'slave' }).on('error', () => {});
  stores = { 'node-redis': new RedisSessionStore(nodeRedis), ioredis: new RedisSessionStore(ioRedis) };
}, 40_000);

afterAll(async () => {
  nodeRedis.destroy();
  ioRedis.disconnect();
  await cluster.stop();
});

const CLIENTS = ['node-redis', 'ioredis'] as const;

describeSessionStore(
  'RedisSessionStore on a cluster',
  async () => ({ store: stores.ioredis }),
  { describe, it, beforeAll, afterAll },
  { without: ['sweepable'], another: async () => ({ store: stores['node-redis'] }) },
);

describe.each(CLIENTS)('RedisSessionStore on a cluster, through %s', (name) => {
  it('F10 sessions, and lists of users, are spread over all primaries', async () => {
    const store = stores[name];
    await store.ping();
    const userId = newUser();
    const records = await Promise.all(Array.from({ length: 60 }, () => newStored(store, { userId })));
    const sizes = await Promise.all(primaries.map(async (node) => Number(await node.command('DBSIZE'))));
    expect(Math.min(...sizes)).toBeGreaterThan(0);
    await Promise.all(records.map((record) => assertStored(store, record)));
    assert.equal((await store.listByUser(userId, Date.now())).length, 60);
    const ended = await Promise.all(records.map(({ id }) => store.delete(id, { userId })));
    assert.deepEqual(new Set(ended), new Set([true]));
    assert.deepEqual(await store.listByUser(userId, Date.now()), []);
  });

  it('F12 each server that does not know a script is sent it', async () => {
    const store = stores[name];
    const records = await Promise.all(Array.from({ length: 20 }, () => newStored(store)));
    await Promise.all(primaries.map((node) => node.command('SCRIPT', 'FLUSH')));
    await Promise.all(records.map((record) => assertStored(store, record)));
  });

  it('F10 a session is written and read while its slot moves to another server', async () => {
    const store = stores[name];
    const record = await newStored(store);
    const move = await moveOf(`nest-sessions:session:${record.id}`);
    const fields = new Map<string, string>();
    for (const step of ['before', 'announced', 'moved', 'known'] as const) {
      await move[step]?.();
      fields.set(step, '1');
      const change = { fields: new Map([[step, '1']]), expect: { version: fields.size - 1 } };
      assert.equal(await store.update(record.id, change, record.createdAt), 'ok');
      await assertStored(store, { ...record, version: fields.size, fields });
    }
  });
});

describe('RedisSessionStore.ping() on a cluster', () => {
  it('F10 tells a client that is for a single server', async () => {
    const io = new Redis(primaries[0]!.url);
    const node = await createClient({ url: primaries[1]!.url })
      .on('error', () => {})
      .connect();
    for (const client of [io, node]) {
      const ping = new RedisSessionStore(client).ping();
      await expect(ping).rejects.toThrow(SessionConfigError);
      await expect(ping).rejects.toThrow(
        /^Redis does not take sessions \(MOVED\): it is a cluster: .*createCluster\(\)/,
      );
    }
    io.disconnect();
    node.destroy();
  });

  it('tells a client that nobody connected', async () => {
    await expect(new RedisSessionStore(createNodeRedis()).ping()).rejects.toThrow(/is not connected/);
  });
});

describe('RedisSessionStore on a cluster that loses a primary', () => {
  it('F10 sessions are there again once its replica has taken over', async () => {
    const store = stores.ioredis;
    const records = await Promise.all(Array.from({ length: 30 }, () => newStored(store)));
    await Promise.all(primaries.map((node) => node.command('WAIT', 1, 1_000)));
    const keys = await primaries[2]!.command('KEYS', '*');
    await primaries[2]!.kill();
    const orphan = records.find(({ id }) => keys.includes(id))!;
    const change = { rotate: newRotation(orphan, { userId: newUser() }), expect: { generation: 0 } };
    await Promise.all(CLIENTS.map((name) => eventually(() => assertStored(stores[name], orphan))));
    for (const name of CLIENTS) await Promise.all(records.map((record) => assertStored(stores[name], record)));
    assert.equal(await stores['node-redis'].update(orphan.id, change, orphan.createdAt), 'ok');
    await assertStored(store, { ...orphan, ...change.rotate, version: 1 });
    assert.equal(await store.delete(orphan.id, { generation: 0 }), false);
    assert.equal(await store.delete(orphan.id, { generation: 1 }), true);
  }, 20_000);
});

/** Tries until it works: while a replica takes over, calls fail or wait, as the client sees fit. */
async function eventually(work: () => Promise<void>): Promise<void> {
  for (const giveUp = Date.now() + 15_000; ; await pause(50)) {
    try {
      return await work();
    } catch (error) {
      if (Date.now() > giveUp) throw error;
    }
  }
}

/** The steps in which a key's slot moves, with all its keys, from the server that has it to the next. */
async function moveOf(key: string): Promise<Record<string, () => Promise<void>>> {
  const slot = await primaries[0]!.command('CLUSTER', 'KEYSLOT', key);
  const owners = await Promise.all(primaries.map(async (node) => (await node.command('KEYS', key)) === key));
  const source = primaries[owners.indexOf(true)]!;
  const target = primaries[(owners.indexOf(true) + 1) % primaries.length]!;
  const [from, to] = [await source.command('CLUSTER', 'MYID'), await target.command('CLUSTER', 'MYID')];
  return {
    async announced() {
      await target.command('CLUSTER', 'SETSLOT', slot, 'IMPORTING', from);
      await source.command('CLUSTER', 'SETSLOT', slot, 'MIGRATING', to);
    },
    async moved() {
      const keys = (await source.command('CLUSTER', 'GETKEYSINSLOT', slot, 100)).split('\n');
      await source.command('MIGRATE', '127.0.0.1', target.port, '', 0, 5_000, 'KEYS', ...keys);
    },
    async known() {
      for (const node of [target, source]) await node.command('CLUSTER', 'SETSLOT', slot, 'NODE', to);
    },
  };
}
