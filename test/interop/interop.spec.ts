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
const RESOLUTIONS: [NestVersion, ModuleKind, Record<string, string>][] = [
  ['nest-11', 'commonjs', { module: 'commonjs', moduleResolution: 'node10' }],
  ['nest-11', 'module', { module: 'esnext', moduleResolution: 'bundler' }],
  ['nest-12', 'commonjs', { module: 'commonjs', moduleResolution: 'node10', ignoreDeprecations: '6.0' }],
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

  async function drive(nest: NestVersion, kind: ModuleKind, node: string): Promise<Cell[]> {
    const program = nodes.get(node);
    const missing = `npm has no Node ${node} for ${process.platform} on ${process.arch}`;
    const found = await Promise.all(
      ADAPTERS.map(async (adapter): Promise<Column> => {
        const place = { nest, kind, node, adapter };
        if (program === undefined) return { ...place, cells: SURFACES.map((file) => dash(file, missing)) };
        const database = await createDatabase();
        try {
          const compiled = applications.get(nest)!.of(kind);
          return {
            ...place,
            cells: await driven({ ...place, folder: compiled, node: program, databaseUrl: database.url }, SURFACES),
          };
        } finally {
          await database.drop();
        }
      }),
    );
    columns.push(...found);
    return found.flatMap(({ adapter, cells }) => cells.map((cell) => ({ ...cell, name: `${cell.name}, ${adapter}` })));
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
        expect((await drive(nest, kind, THIS_NODE)).filter(({ state }) => state === 'fail')).toEqual([]);
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
          expect((await drive(nest, kind, node)).filter(({ state }) => state === 'fail')).toEqual([]);
        },
        PATIENCE,
      );
    });
  }
});

function dash(file: string, note: string): Cell {
  return { file, name: file, state: 'dash', note };
}
