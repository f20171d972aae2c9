// @ts-check

/**
 * @typedef {object} Contestant
 * @property {string} name what `--only` selects
 * @property {string} title what the table calls it
 * @property {string} app the file in `apps/` that exports `create(settings)`
 * @property {Record<string, unknown>} [options] handed to `create`, so that one file can serve several contestants
 * @property {'postgres'} [needs] a server to be started, with a database for this contestant alone
 * @property {string[]} [packages] whose versions are worth telling
 * @property {boolean} [sessionless] logs nobody in, and gets a cookie of the usual length to ignore
 */

/** Whom everybody's requests per second are a share of. */
export const BASELINE = 'bare';

/** @type {Contestant[]} */
export const CONTESTANTS = [
  { name: BASELINE, title: 'bare Nest', app: 'bare', sessionless: true },
  {
    name: 'interceptor',
    title: 'bare Nest and an idle interceptor',
    app: 'bare',
    options: { interceptor: true },
    sessionless: true,
  },
  {
    name: 'ours-memory-eager',
    title: 'nest-sessions, memory, eager',
    app: 'nest-sessions.memory',
    packages: ['nest-sessions'],
  },
  {
    name: 'ours-memory-lazy',
    title: 'nest-sessions, memory, lazy',
    app: 'nest-sessions.memory',
    options: { load: 'lazy' },
    packages: ['nest-sessions'],
  },
  {
    name: 'express-memory',
    title: 'express-session, MemoryStore',
    app: 'express-session.memory',
    packages: ['express-session'],
  },
  {
    name: 'ours-postgres-eager',
    title: 'nest-sessions, Postgres, eager',
    app: 'nest-sessions.postgres',
    needs: 'postgres',
    packages: ['nest-sessions', 'typeorm', 'pg'],
  },
  {
    name: 'ours-postgres-lazy',
    title: 'nest-sessions, Postgres, lazy',
    app: 'nest-sessions.postgres',
    options: { load: 'lazy' },
    needs: 'postgres',
    packages: ['nest-sessions', 'typeorm', 'pg'],
  },
  {
    name: 'express-postgres',
    title: 'express-session, connect-pg-simple',
    app: 'express-session.postgres',
    needs: 'postgres',
    packages: ['express-session', 'connect-pg-simple', 'pg'],
  },
];

/** @param {string[]} only parts of names; none: everybody. The baseline always takes part. */
export function selectContestants(only) {
  const stray = only.find((part) => !CONTESTANTS.some(({ name }) => name.includes(part)));
  if (stray !== undefined) {
    throw new Error(`No contestant is called ${stray}. There are: ${CONTESTANTS.map(({ name }) => name).join(', ')}.`);
  }
  if (only.length === 0) return CONTESTANTS;
  return CONTESTANTS.filter(({ name }) => name === BASELINE || only.some((part) => name.includes(part)));
}
