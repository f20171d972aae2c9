// @ts-check
/** The servers that contestants need, started once for all of them. A new kind is one more entry in `SERVERS`. */
import { Client } from 'pg';
import { startPostgres } from '../scripts/postgres.js';

/**
 * @typedef {object} Server
 * @property {string} description
 * @property {(name: string) => Promise<string>} createDatabase returns its URL
 * @property {() => Promise<void>} stop
 */

/** @type {Record<string, () => Promise<Server>>} */
const SERVERS = {
  async postgres() {
    const server = await startPostgres();
    return {
      description: `Postgres ${await ask(server.url, 'SHOW server_version', 'server_version')}`,
      stop: () => server.stop(),
      async createDatabase(name) {
        await ask(server.url, `CREATE DATABASE "${name}"`);
        const url = new URL(server.url);
        url.pathname = name;
        return url.href;
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

/** @param {string} connectionString @param {string} sql @param {string} [column] */
async function ask(connectionString, sql, column = '') {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    return (await client.query(sql)).rows[0]?.[column];
  } finally {
    await client.end();
  }
}
