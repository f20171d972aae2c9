import { mkdtempSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDatabase } from '../support/postgres.js';
import { ApplicationFolder, lockedLibrary, type ModuleKind } from './runner/application.folder.js';
import { driven, SURFACES } from './runner/driving.js';
import { type Column, matrixOf } from './runner/matrix.js';
import { followJestRecipe } from './runner/jest.recipe.js';
import { installNodes, NODES, THIS_NODE } from './runner/nodes.js';
import { packLibrary } from './runner/npm.js';
import type { Adapter, Cell, NestVersion } from './surface.js';

/** `npm run test:interop` does everything and prints it; `npm test` what most applications are. */
const EVERYTHING = process.env['INTEROP'] === 'everything';

const NESTS: NestVersion[] = ['nest-11', 'nest-12'];
const ADAPTERS: Adapter[] = ['express', 'fastify'];
const USUAL: [NestVersion, ModuleKind][] = [
  ['nest-11', 'commonjs'],
  ['nest-12', 'module'],
];
const APPLICATIONS: [NestVersion, ModuleKind][] = EVERYTHING
  ? NESTS.flatMap((nest): [NestVersion, ModuleKind][] => [
      [nest, 'commonjs'],
      [nest, 'module'],
    ])
  : USUAL;
const OTHER_NODES = EVERYTHING ? NODES.filter((node) => node !== THIS_NODE) : [];

/** How else a compiler may be told to find types: what older starters wrote, and what bundlers want. */
const RESOLUTIONS: [NestVersion, ModuleKind, Record<string, string | boolean>][] = [
  ['nest-11', 'commonjs', { module: 'commonjs', moduleResolution: 'node10', esModuleInterop: true }],
  ['nest-11', 'module', { module: 'esnext', moduleResolution: 'bundler' }],
  [
    'nest-12',
    'commonjs',
    { module: 'commonjs', moduleResolution: 'node10', esModuleInterop: true, ignoreDeprecations: '6.0' },
  ],
  ['nest-12', 'module', { module: 'esnext', moduleResolution: 'bundler' }],
  ['nest-12', 'module', { module: 'node16', moduleResolution: 'node16' }],
];

/** Installing and compiling on a busy machine. Milliseconds. */
const PATIENCE = 300_000;

describe('the packed library in fresh applications', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nest-sessions-interop-'));
  const columns: Column[] = [];
  const applications = new Map(NESTS.map((nest) => [nest, new ApplicationFolder(join(folder, nest), nest)]));
  let nodes = new Map([[THIS_NODE, process.execPath]]);

  beforeAll(async () => {
    const tarball = await packLibrary(folder);
    await Promise.all([...applications.values()].map((application) => application.install(tarball)));
    if (EVERYTHING) nodes = await installNodes(join(folder, 'nodes'));
  }, PATIENCE);

  afterAll(() => {
    rmSync(folder, { recursive: true });
    // Not console.log, in which Jest says where it was called from.
    if (EVERYTHING) writeSync(1, `\n${matrixOf(columns)}\n\n`);
  });

  async function cellsOf(nest: NestVersion, kind: ModuleKind, node: string, adapter: Adapter): Promise<Cell[]> {
    const program = nodes.get(node);
    if (program === undefined) {
      const note = `npm has no Node ${node} for ${process.platform} on ${process.arch}`;
      return SURFACES.map((file) => ({ file, name: file, state: 'dash', note }));
    }
    const database = await createDatabase();
    try {
      const compiled = applications.get(nest)!.of(kind);
      const place = { folder: compiled, nest, adapter, node: program, databaseUrl: database.url };
      return await driven(place, SURFACES);
    } finally {
      await database.drop();
    }
  }

  /** Drives all surfaces on both adapters, for the matrix too. Gives what failed. */
  async function failures(nest: NestVersion, kind: ModuleKind, node = THIS_NODE): Promise<string[]> {
    const found = await Promise.all(
      ADAPTERS.map(async (adapter): Promise<Column> => ({
        nest,
        kind,
        node,
        adapter,
        cells: await cellsOf(nest, kind, node, adapter),
      })),
    );
    columns.push(...found);
    return found.flatMap(({ adapter, cells }) =>
      cells.filter(({ state }) => state === 'fail').map(({ name, note }) => `${name} on ${adapter}: ${note}`),
    );
  }

  it.each(NESTS)('%s: the lock knows the library as it is', (nest) => {
    const { dependencies, peerDependencies } = JSON.parse(readFileSync('libs/session/package.json', 'utf8')) as Record<
      string,
      unknown
    >;
    // If not: npm run test:interop:lock
    expect(lockedLibrary(nest)).toMatchObject({ dependencies, peerDependencies });
  });

  describe.each(APPLICATIONS)('%s, %s', (nest, kind) => {
    it('compiles', () => applications.get(nest)!.compile(kind), PATIENCE);

    it(
      'works',
      async () => {
        expect(await failures(nest, kind)).toEqual([]);
      },
      PATIENCE,
    );
  });

  it(
    'docs/testing.md leads a CommonJS application to tests',
    async () => {
      expect(await followJestRecipe(applications.get('nest-11')!.path)).toEqual({ passed: 1, failed: 0 });
    },
    PATIENCE,
  );

  if (EVERYTHING) {
    it.each(RESOLUTIONS)(
      '%s, %s: the types are found with %j',
      async (nest, kind, options) => {
        await applications.get(nest)!.check(kind, options);
      },
      PATIENCE,
    );

    describe.each(OTHER_NODES)('on Node %s', (node) => {
      it.each(USUAL)(
        '%s, %s works',
        async (nest, kind) => {
          expect(await failures(nest, kind, node)).toEqual([]);
        },
        PATIENCE,
      );
    });
  }
});
