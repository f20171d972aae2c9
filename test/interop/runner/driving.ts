import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Adapter, Cell, NestVersion } from '../surface.js';
import { plainEnv } from './npm.js';

export interface Place {
  /** Where the compiled application is. */
  readonly folder: string;
  readonly nest: NestVersion;
  readonly adapter: Adapter;
  /** The program that is to run it. */
  readonly node: string;
  readonly databaseUrl: string;
}

/** The surfaces there are, by the names of their files. */
export const SURFACES = readdirSync('test/interop/surfaces')
  .map((file) => file.replace(/\.surface\.ts$/, ''))
  .sort();

/** Starts and drives surfaces in a process of their own, one after the other; what ends the process fails alone. */
export async function driven(place: Place, files: readonly string[]): Promise<Cell[]> {
  const cells: Cell[] = [];
  while (cells.length < files.length) {
    const rest = files.slice(cells.length);
    const { told, output } = await run(place, rest);
    cells.push(...told);
    const file = rest[told.length];
    if (file !== undefined) cells.push({ file, name: file, state: 'fail', note: `the process ended\n${output}` });
  }
  return cells;
}

async function run(place: Place, files: readonly string[]): Promise<{ told: Cell[]; output: string }> {
  const { adapter, databaseUrl, folder, nest, node } = place;
  const child = fork(join(folder, 'dist/application.js'), [adapter, nest, ...files], {
    cwd: folder,
    env: { ...plainEnv, NODE_ENV: 'test', DATABASE_URL: databaseUrl },
    execPath: node,
    execArgv: [],
    silent: true,
  });
  const told: Cell[] = [];
  child.on('message', (cell: Cell) => told.push(cell));
  const [output] = await Promise.all([text(child.stderr!), text(child.stdout!), once(child, 'close')]);
  return { told, output };
}
