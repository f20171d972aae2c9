import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { installLocked } from './npm.js';

/** The major version of the Node that this is. */
export const THIS_NODE = process.versions.node.split('.')[0]!;

/** The versions that the library is for. */
export const NODES = ['20', '22', '24'];

/** Installs the other Nodes, as far as npm has them for this machine. Gives where each is, by its major version. */
export async function installNodes(folder: string): Promise<Map<string, string>> {
  cpSync('test/interop/nodes', folder, { recursive: true });
  await installLocked(folder);
  const programs = NODES.map((version): [string, string] => {
    const name = `node-${version}-${process.platform}-${process.arch}`;
    return [version, join(folder, 'node_modules', name, 'bin/node')];
  });
  return new Map([...programs.filter(([, program]) => existsSync(program)), [THIS_NODE, process.execPath]]);
}
