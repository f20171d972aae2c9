// @ts-check
/** The servers that contestants need, started once for all of them. A new kind is one more entry in `SERVERS`. */
import { Client } from 'pg';
import { createClient } from 'redis';
import { startPostgres } from '../scripts/postgres.js';
import { startRedis } from '../scripts/redis.js';

/**
 * @typedef {object} Server
 * @property {string} description
 * @property {(name: string) => Promise<string>} createDatabase returns its URL
 * @property {() => Promise<number>} calls what clients have asked of it so far, as it counts itself, this question apart
 * @property {() => Promise<void>} stop
 */

/** @type {Record<string, () => Promise<Server>>} */
const SERVERS = {
  async postgres() {
    const server = await startPostgres({ settings: { shared_preload_libraries: 'pg_stat_statements' } });
    const client = new Client({ connectionString: server.url });
    await client.connect();
    await client.query('CREATE EXTENSION pg_stat_statements');
    const ask = async (/** @type {string} */ sql) => Object.values((await client.query(sql)).rows[0])[0];
    return {
      description: `Postgres ${await ask('SHOW server_version')}`,
      // BEGIN and COMMIT count: each is a round trip. What we ask ourselves does not.
      async calls() {
        const own = `dbid = (SELECT oid FROM pg_database WHERE datname = 'postgres')`;
        return Number(
          await ask(`SELECT coalesce(sum(calls), 0) FROM pg_stat_statements WHERE toplevel AND NOT ${own}`),
        );
      },
      async createDatabase(name) {
        await client.query(`CREATE DATABASE "${name}"`);
        const url = new URL(server.url);
        url.pathname = name;
        return url.href;
      },
      async stop() {
        await client.end();
        await server.stop();
      },
    };
  },

  async redis() {
    const server = await startRedis();
    const client = createClient({ url: server.url });
    await client.connect();
    let database = 0;
    return {
      description: `Redis ${/redis_version:(\S+)/.exec(await client.info('server'))?.[1]}`,
      calls: async () => commandsIn(await client.info('commandstats')),
      createDatabase: async () => `${server.url}/${database++}`,
      async stop() {
        client.destroy();
        await server.stop();
      },
    };
  },
};

/** @param {string} kind */
export function startServer(kind) {
  const start = SERVERS[kind];
  if (!start) throw new Error(`There is no server of kind ${kind}: add it to SERVERS.`);
  return start();
}

/**
 * Commands of hashes, sorted sets and milliseconds are run by scripts of ours, inside of Redis: these are no round trips,
 * and Redis counts them with the rest. No contestant's client sends them.
 */
const INSIDE = /^(h(?!ello)|z|pexpire|pttl|exists|del$)/;

/** @param {string} stats of `INFO commandstats` */
function commandsIn(stats) {
  const all = [...stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)].map(([, name = '', calls]) => ({
    name,
    calls: Number(calls),
  }));
  return all.filter(({ name }) => name !== 'info' && !INSIDE.test(name)).reduce((sum, { calls }) => sum + calls, 0);
}
