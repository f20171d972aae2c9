import { createRequire } from 'node:module';
import path from 'node:path';
import type ts from 'typescript';

export type Compiler = typeof ts;

/** TypeScript's parser: the application's, or the one of the Nest CLI that runs this. */
export function findCompiler(): Compiler | undefined {
  for (const from of [path.resolve('package.json'), process.argv[1]]) {
    const found = from && tryRequire(from);
    if (found) return found;
  }
  return undefined;
}

function tryRequire(from: string): Compiler | undefined {
  try {
    const found = createRequire(from)('typescript') as Partial<Compiler>;
    // From version 7 on the package has another API.
    return found.createSourceFile ? (found as Compiler) : undefined;
  } catch {
    return undefined;
  }
}
