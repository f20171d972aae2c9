// @ts-check
/**
 * node scripts/bundle.js [--watch]
 *
 * Joins what the compiler made of the library, `libs/session/build`, to one file for each of its exports, and to files
 * that these share: to find a hundred files takes Node longer than to run them.
 */
import { readFileSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { rollup, watch } from 'rollup';

const LIB = fileURLToPath(new URL('../libs/session', import.meta.url));
const { values } = parseArgs({ options: { watch: { type: 'boolean' } } });

/** @type {{ exports: Record<string, { default?: string }> }} */
const { exports } = JSON.parse(readFileSync(join(LIB, 'package.json'), 'utf8'));
const built = Object.values(exports).flatMap(({ default: path }) => path ?? []);

/** What the compiler knows of where each line is from. */
const sourceMaps = {
  name: 'source maps',
  /** @this {import('rollup').PluginContext} @param {string} id */
  async load(id) {
    this.addWatchFile(id);
    return { code: await readFile(id, 'utf8'), map: await readFile(`${id}.map`, 'utf8') };
  },
};

/** @satisfies {import('rollup').RollupOptions} */
const options = {
  input: Object.fromEntries(
    built.map((path) => [path.slice('./dist/'.length, -'.js'.length), join(LIB, path.replace('/dist/', '/build/'))]),
  ),
  external: /^[^./]/,
  plugins: [sourceMaps],
  // TypeScript's helpers look for one another there.
  context: 'this',
  treeshake: false,
  output: {
    dir: join(LIB, 'dist'),
    chunkFileNames: 'shared/[name].js',
    hoistTransitiveImports: false,
    minifyInternalExports: false,
    sourcemap: true,
    sourcemapExcludeSources: true,
  },
};

rmSync(join(LIB, 'dist/shared'), { recursive: true, force: true });
if (values.watch) watch(options).on('event', (event) => event.code === 'ERROR' && console.error(event.error));
else await (await rollup(options)).write(options.output);
