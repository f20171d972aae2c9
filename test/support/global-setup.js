import { startPostgres } from '../../scripts/postgres.js';

/** One real Postgres for all suites; each makes databases of its own on it. */
export default async function globalSetup() {
  const server = await startPostgres();
  globalThis.testPostgres = server;
  process.env.TEST_POSTGRES_URL = server.url;
}
