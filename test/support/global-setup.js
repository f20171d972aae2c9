import { requireProgram } from '../../scripts/debian.js';
import { startPostgres } from '../../scripts/postgres.js';

const PROGRAMS = [['redis-server'], ['memcached'], ['mariadbd', 'mariadb-server-core']];

/** One real Postgres for all suites; each makes databases of its own on it. */
export default async function globalSetup() {
  for (const program of PROGRAMS) installOnce(...program);
  const server = await startPostgres();
  globalThis.testPostgres = server;
  process.env.TEST_POSTGRES_URL = server.url;
}

/** Here and not in the suites: these run at the same time, and Debian installs one package at a time. */
function installOnce(program, debianPackage) {
  try {
    requireProgram(program, debianPackage);
  } catch {
    // The suites that need it say so, and what to do.
  }
}
