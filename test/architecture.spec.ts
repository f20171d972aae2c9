import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const LIB = 'libs/session';

interface Manifest {
  main: string;
  types: string;
  exports: Record<string, string | Record<string, string>>;
  typesVersions: { '*': Record<string, [string]> };
  peerDependencies: Record<string, string>;
  peerDependenciesMeta: Record<string, { optional?: boolean }>;
}

const manifest = JSON.parse(readFileSync(`${LIB}/package.json`, 'utf8')) as Manifest;
const entries = Object.entries(manifest.exports).filter(
  (entry): entry is [string, Record<string, string>] => typeof entry[1] === 'object',
);

function sources(...folders: string[]): string[] {
  return (folders.length > 0 ? folders : [`${LIB}/src`, `${LIB}/schematics`]).flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => join(folder, file)),
  );
}

describe('the house', () => {
  it('imports point inward, and nobody imports the index', async () => {
    const rules = ['--config', '.dependency-cruiser.cjs'];
    await expect(run('npx', ['depcruise', ...rules, `${LIB}/src`, 'src', 'test', 'bench'])).resolves.toBeDefined();
  }, 60_000);

  it('the core reads no wall clock', () => {
    const guilty = sources(`${LIB}/src/core`).filter((file) =>
      /Date\.now\(|new Date\(\)/.test(readFileSync(file, 'utf8')),
    );
    expect(guilty.filter((file) => !file.endsWith('.spec.ts'))).toEqual([]);
  });

  it('a file holds one thing: 200 lines, but for specs and the contract suite', () => {
    const long = sources()
      .filter((file) => !/\.spec\.ts$|contract/.test(file))
      .filter((file) => readFileSync(file, 'utf8').split('\n').length > 220);
    expect(long).toEqual([]);
  });

  it.each(entries)('%s is built, typed, and found by old resolvers too', (subpath, conditions) => {
    for (const file of Object.values(conditions)) expect(existsSync(join(LIB, file))).toBe(true);
    expect(conditions['default']?.replace(/\.js$/, '.d.ts')).toBe(conditions['types']);
    const old = subpath === '.' ? manifest.types : manifest.typesVersions['*'][subpath.slice(2)]?.[0];
    expect(old).toBe(conditions['types']);
  });

  it('doc comments reach the user', () => {
    const declarations = readFileSync(`${LIB}/dist/core/session.d.ts`, 'utf8');
    expect(declarations).toContain('Changes a field atomically');
    expect(readFileSync(`${LIB}/dist/nest/session.options.d.ts`, 'utf8')).toContain("@default '30m'");
  });

  it('the root entry needs no optional peer', () => {
    const optional = Object.keys(manifest.peerDependenciesMeta).filter(
      (name) => manifest.peerDependenciesMeta[name]?.optional,
    );
    const rooms = sources().filter((file) => !/\/stores\/(?!memory)|\/testing\//.test(file));
    const guilty = rooms.filter((file) =>
      optional.some((name) => readFileSync(file, 'utf8').includes(`from '${name}'`)),
    );
    expect(optional).toContain('typeorm');
    expect(guilty).toEqual([]);
  });

  it('nothing in the library switches a check off', () => {
    const guilty = sources().filter((file) =>
      /oxlint-disable|eslint-disable|@ts-ignore|@ts-nocheck|as any\b/.test(readFileSync(file, 'utf8')),
    );
    expect(guilty).toEqual([]);
  });
});
