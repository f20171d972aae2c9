// @ts-check
/** Who takes part, on both frameworks. */

/** @typedef {import('./apps/application.js').Framework} Framework */
/** @typedef {'memory' | 'cookie' | 'redis' | 'postgres'} StoreKind */

/**
 * @typedef {object} Contestant
 * @property {string} name what `--only` selects; begins with the framework
 * @property {string} title what the table calls it
 * @property {Framework} framework
 * @property {'bare' | 'floor' | 'ours' | 'peer'} role
 * @property {StoreKind} [store] none: it has no sessions
 * @property {'lazy' | 'eager'} [load] of ours
 * @property {string} app the file in `apps/` that exports `create(settings)`
 * @property {Record<string, unknown>} settings handed to `create`
 * @property {'redis' | 'postgres'} [needs] a server to be started
 * @property {string[]} packages whose versions are worth telling
 */

/** @type {Record<StoreKind, string>} */
const STORE_TITLES = { memory: 'memory', cookie: 'encrypted cookie', redis: 'Redis', postgres: 'Postgres' };

/** @type {Partial<Record<StoreKind, string[]>>} */
const DRIVERS = { redis: ['redis'], postgres: ['typeorm', 'pg'] };

/** @type {Record<Framework, { app: string, store: StoreKind, title: string, packages: string[] }[]>} */
const PEERS = {
  express: [
    peer('express-session', 'memory', 'express-session, MemoryStore'),
    peer('express-session', 'redis', 'express-session, connect-redis', 'connect-redis'),
    peer('express-session', 'postgres', 'express-session, connect-pg-simple', 'connect-pg-simple'),
    peer('cookie-session', 'cookie', 'cookie-session (signed, not encrypted)'),
    peer('iron-session', 'cookie', 'iron-session'),
  ],
  fastify: [
    { ...peer('fastify-session', 'memory', '@fastify/session, MemoryStore'), packages: ['@fastify/session'] },
    { ...peer('fastify-session', 'redis', '@fastify/session, connect-redis'), packages: ['@fastify/session'] },
    { ...peer('secure-session', 'cookie', '@fastify/secure-session'), packages: ['@fastify/secure-session'] },
  ],
};

/** @type {Contestant[]} */
export const CONTESTANTS = [...allOf('express'), ...allOf('fastify')];

/** @param {Framework} framework */
function allOf(framework) {
  return [...floorsOf(framework), ...oursOf(framework), ...peersOf(framework)];
}

/** @param {Framework} framework @returns {Contestant[]} */
function floorsOf(framework) {
  const common = { framework, app: 'bare', packages: [] };
  const idle = { framework, interceptor: true };
  return [
    { ...common, name: `${framework}-bare`, title: 'bare Nest', role: 'bare', settings: { framework } },
    { ...common, name: `${framework}-idle`, title: 'bare, idle interceptor', role: 'floor', settings: idle },
  ];
}

/** @param {Framework} framework @returns {Contestant[]} */
function oursOf(framework) {
  const stores = /** @type {StoreKind[]} */ (Object.keys(STORE_TITLES));
  return stores.flatMap((store) =>
    /** @type {const} */ (['lazy', 'eager']).map((load) => ({
      name: `${framework}-ours-${store}-${load}`,
      title: `nest-sessions, ${STORE_TITLES[store]}, ${load}`,
      framework,
      role: 'ours',
      store,
      load,
      app: 'nest-sessions',
      settings: { framework, store, load },
      needs: needsOf(store),
      packages: ['nest-sessions', ...(DRIVERS[store] ?? [])],
    })),
  );
}

/** @param {Framework} framework @returns {Contestant[]} */
function peersOf(framework) {
  return PEERS[framework].map(({ app, store, title, packages }) => ({
    name: `${framework}-${app}-${store}`,
    title,
    framework,
    role: 'peer',
    store,
    app,
    settings: { framework, store },
    needs: needsOf(store),
    packages,
  }));
}

/** @param {string} app @param {StoreKind} store @param {string} title @param {string[]} packages besides the one it is named after */
function peer(app, store, title, ...packages) {
  return { app, store, title, packages: [app, ...packages] };
}

/** @param {StoreKind} store */
function needsOf(store) {
  return store === 'redis' || store === 'postgres' ? store : undefined;
}

/** @param {string[]} only parts of names; none: everybody. Of each framework with a contestant, the bare one takes part too. */
export function selectContestants(only) {
  const stray = only.find((part) => !CONTESTANTS.some(({ name }) => name.includes(part)));
  if (stray !== undefined) {
    throw new Error(`No contestant is called ${stray}. There are: ${CONTESTANTS.map(({ name }) => name).join(', ')}.`);
  }
  if (only.length === 0) return CONTESTANTS;
  const chosen = CONTESTANTS.filter(({ name }) => only.some((part) => name.includes(part)));
  const frameworks = new Set(chosen.map(({ framework }) => framework));
  return CONTESTANTS.filter(
    (one) => chosen.includes(one) || (one.role !== 'ours' && one.role !== 'peer' && frameworks.has(one.framework)),
  );
}
