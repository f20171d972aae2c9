const LIB = '^libs/session/src';

/** @param {string} name @param {string} comment @param {string} from @param {string} to what it may not import */
const forbid = (name, comment, from, to) => ({
  name,
  comment,
  severity: 'error',
  from: { path: `${LIB}/${from}`, pathNot: '\\.spec\\.ts$' },
  to: { path: to },
});

/** Imports point inward: nest → http, sockets → transport → core; stores/x → core, testing → core. Checked by a test. */
module.exports = {
  forbidden: [
    forbid('core-stands-alone', 'The rules know no framework, no HTTP and no driver.', 'core/', [
      `${LIB}/(transport|http|sockets|nest|stores|testing)/`,
      'node_modules/(@nestjs|express|fastify|typeorm|pg|rxjs)/',
      '^(node:)?https?$',
    ]),
    forbid('transport-knows-core', 'A transport carries a token and nothing else.', 'transport/', [
      `${LIB}/(http|sockets|nest|stores|testing)/`,
      'node_modules/@nestjs/',
    ]),
    forbid('http-knows-transport-and-core', 'A request is the same under any framework.', 'http/', [
      `${LIB}/(sockets|nest|stores|testing)/`,
      'node_modules/@nestjs/',
    ]),
    forbid('sockets-know-transport-and-core', 'A message has no response.', 'sockets/', [
      `${LIB}/(http|nest|stores|testing)/`,
      'node_modules/@nestjs/',
    ]),
    forbid('nest-knows-no-store', 'The application chooses the store.', 'nest/', `${LIB}/(stores|testing)/`),
    forbid('stores-know-core', 'A store keeps records.', 'stores/', `${LIB}/(transport|http|sockets|nest|testing)/`),
    forbid(
      'migration-knows-core',
      'What old libraries kept, and the stores of express-session that some kept it in.',
      'migration/',
      [`${LIB}/(transport|http|nest|testing)/`, `${LIB}/stores/(?!express/)`],
    ),
    forbid(
      'core-knows-no-old-library',
      'Sources are given to it.',
      '(core|transport|http|nest|stores)/',
      `${LIB}/migration/`,
    ),
    forbid(
      'testing-knows-core',
      'The kit serves store authors too.',
      'testing/',
      `${LIB}/(transport|http|sockets|nest|stores)/`,
    ),
    {
      name: 'one-store-at-a-time',
      comment: 'Stores share the core, never each other.',
      severity: 'error',
      from: { path: `${LIB}/stores/([^/]+)/`, pathNot: '\\.spec\\.ts$' },
      to: { path: `${LIB}/stores/`, pathNot: `${LIB}/stores/$1/` },
    },
    {
      name: 'nobody-imports-the-index',
      comment: 'The index is for applications; inside, a file is imported from where it stands.',
      severity: 'error',
      from: { path: `${LIB}/` },
      to: { path: `${LIB}/index\\.ts$` },
    },
    {
      name: 'public-names-only',
      comment: 'Demo, tests and benchmark use the package as an application does.',
      severity: 'error',
      from: { path: '^(src|bench|test)/' },
      to: { path: `${LIB}/`, pathNot: `${LIB}/(index|stores/[^/]+/index|testing/index|migration/index)\\.ts$` },
    },
    {
      name: 'no-circles',
      comment: 'But for types: a manager and its commit know of each other.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'declared-dependencies',
      severity: 'error',
      from: { path: `${LIB}/`, pathNot: '\\.spec\\.ts$' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'] },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.check.json' },
    doNotFollow: { path: ['node_modules', '/dist/'] },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['nest-sessions-source', 'import', 'types', 'node', 'default'],
    },
    combinedDependencies: true,
  },
};
