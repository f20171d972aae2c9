import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NestVersion } from '../surface.js';
import { installLocked, run } from './npm.js';

/** What an application is written in: CommonJS, or ES modules. */
export type ModuleKind = 'commonjs' | 'module';

const COMPILER_OPTIONS = {
  target: 'es2023',
  module: 'nodenext',
  strict: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  skipLibCheck: true,
  types: ['node'],
  rootDir: '.',
  outDir: 'dist',
};

/** What of `test/interop` is compiled into it. */
const PARTS = ['application.ts', 'authorization-server.ts', 'browser.ts', 'surface.ts', 'surfaces', 'tea.resolver.ts'];

/** An application's folder with its packages, made anew; below it one for each kind of module. */
export class ApplicationFolder {
  constructor(
    readonly path: string,
    readonly nest: NestVersion,
  ) {}

  /** Installs what the application's lock says, and the packed library. */
  async install(tarball: string): Promise<void> {
    cpSync(`test/interop/applications/${this.nest}`, this.path, { recursive: true });
    cpSync(tarball, join(this.path, 'nest-sessions.tgz'));
    await installLocked(this.path);
  }

  /** Compiles application and surfaces as somebody who writes such modules would. Throws what the compiler says. */
  async compile(kind: ModuleKind): Promise<void> {
    const folder = this.of(kind);
    mkdirSync(folder);
    for (const part of PARTS) cpSync(`test/interop/${part}`, join(folder, part), { recursive: true });
    writeJson(join(folder, 'package.json'), { type: kind });
    writeJson(join(folder, 'tsconfig.json'), { compilerOptions: COMPILER_OPTIONS });
    await this.#tsc(folder);
  }

  /** Checks the types alone, with other options, in what was compiled. */
  check(kind: ModuleKind, options: Record<string, string | boolean>): Promise<void> {
    return this.#tsc(
      this.of(kind),
      '--noEmit',
      ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]),
    );
  }

  of(kind: ModuleKind): string {
    return join(this.path, kind);
  }

  async #tsc(folder: string, ...options: string[]): Promise<void> {
    await run(process.execPath, [join(this.path, 'node_modules/typescript/bin/tsc'), ...options], folder);
  }
}

/** What an application's lock knows of the library: it is not read from the tarball when that is installed. */
export function lockedLibrary(nest: NestVersion): Record<string, unknown> {
  const lock = readFileSync(`test/interop/applications/${nest}/package-lock.json`, 'utf8');
  return (JSON.parse(lock) as { packages: Record<string, Record<string, unknown>> }).packages[
    'node_modules/nest-sessions'
  ]!;
}

function writeJson(file: string, content: object): void {
  writeFileSync(file, JSON.stringify(content));
}
