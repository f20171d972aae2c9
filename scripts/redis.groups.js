// @ts-check
/** Servers of Redis that work together: see redis.groups.d.ts for what they promise. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startRedis } from './redis.js';

/** @typedef {Awaited<ReturnType<typeof startRedis>>} Server */

const CLUSTER = { 'cluster-enabled': 'yes', 'cluster-node-timeout': '1000' };
const SLOTS = [
  [0, 5460],
  [5461, 10922],
  [10923, 16383],
];
const SENTINEL = { 'down-after-milliseconds': 500, 'failover-timeout': 3_000 };
const READY_MS = 30_000;

/** @type {typeof import('./redis.groups.d.ts').startRedisCluster} */
export async function startRedisCluster() {
  const nodes = await startAll(6, CLUSTER);
  return ready({ nodes, stop: () => stopAll(nodes) }, async () => {
    const ids = await Promise.all(nodes.map((node) => node.command('CLUSTER', 'MYID')));
    await each(nodes, (node, index) => node.command('CLUSTER', 'SET-CONFIG-EPOCH', index + 1));
    await each(SLOTS, ([first, last], index) => nodes[index].command('CLUSTER', 'ADDSLOTSRANGE', first, last));
    const [first, ...others] = nodes;
    await each(others, ({ busPort, port }) => first.command('CLUSTER', 'MEET', '127.0.0.1', port, busPort));
    await each(nodes, (node) => until(node, ['CLUSTER', 'NODES'], (text) => ids.every((id) => text.includes(id))));
    const replicas = nodes.slice(3);
    await each(replicas, (node, index) => until(node, ['CLUSTER', 'REPLICATE', ids[index]], (text) => text === 'OK'));
    await each(replicas, (node) => until(node, ['INFO', 'replication'], isInStep));
    await each(nodes, (node) => until(node, ['CLUSTER', 'INFO'], (text) => text.includes('cluster_state:ok')));
    await each(nodes, (node) => until(node, ['CLUSTER', 'NODES'], (text) => text.match(/\bslave\b/g)?.length === 3));
  });
}

/** @type {typeof import('./redis.groups.d.ts').startRedisSentinels} */
export async function startRedisSentinels() {
  const name = 'sessions';
  const primary = await startRedis();
  /** @type {Server[]} */
  const servers = [primary];
  /** @type {Server[]} */
  const sentinels = [];
  const stop = () => stopAll([...servers, ...sentinels]);
  return ready({ name, servers, sentinels, stop }, async () => {
    const watch = { sentinel: `monitor ${name} 127.0.0.1 ${primary.port} 2` };
    servers.push(...(await startAll(2, { replicaof: `127.0.0.1 ${primary.port}` })));
    await each(servers.slice(1), (node) => until(node, ['INFO', 'replication'], isInStep));
    sentinels.push(...(await startAll(3, watch)));
    await each(sentinels, (node) => node.command('SENTINEL', 'SET', name, ...Object.entries(SENTINEL).flat()));
    const knows = (/** @type {string} */ text) => /num-slaves\n2\n[^]*num-other-sentinels\n2\n/.test(text);
    await each(sentinels, (node) => until(node, ['SENTINEL', 'MASTER', name], knows));
  });
}

/** @template T @param {T & { stop(): Promise<void> }} group @param {() => Promise<void>} prepare */
async function ready(group, prepare) {
  try {
    await prepare();
    return group;
  } catch (error) {
    await group.stop();
    throw error;
  }
}

/** @param {number} count @param {Record<string, string>} settings */
async function startAll(count, settings) {
  const started = await Promise.allSettled(Array.from({ length: count }, () => startRedis(settings)));
  const servers = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failed = started.find((result) => result.status === 'rejected');
  if (!failed) return servers;
  await stopAll(servers);
  throw failed.reason;
}

/** @param {readonly Server[]} servers */
async function stopAll(servers) {
  await each(servers, (server) => server.stop());
}

/** @template T @param {readonly T[]} items @param {(item: T, index: number) => Promise<unknown>} work */
async function each(items, work) {
  await Promise.all(items.map(work));
}

/** @param {string} text what INFO says of replication */
function isInStep(text) {
  return text.includes('master_link_status:up');
}

/** @param {Server} server @param {(string | number)[]} command @param {(reply: string) => boolean} isSo */
async function until(server, command, isSo) {
  for (const giveUp = Date.now() + READY_MS; ; await sleep(30)) {
    const reply = await server.command(...command).catch(String);
    if (isSo(reply)) return;
    if (Date.now() > giveUp) throw new Error(`After ${READY_MS / 1_000} s ${command.join(' ')} still says:\n${reply}`);
  }
}
