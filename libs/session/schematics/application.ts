import path from 'node:path';
import type { Compiler } from './compiler.js';
import type { Tree } from './devkit.js';
import { Refusal } from './refusal.js';
import { Source } from './source.js';

interface Manifest {
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

/** The files of an application, as they will be. Nothing is written before `write()`. */
export class Application {
  readonly #changed = new Map<string, string>();

  constructor(
    private readonly tree: Tree,
    private readonly compiler: Compiler | undefined,
    readonly sourceRoot: string,
  ) {}

  has(file: string): boolean {
    return this.tree.exists(file);
  }

  /** A file that is there, with the changes made so far. */
  read(file: string): Source {
    if (this.compiler) return new Source(this.compiler, file, this.#text(file));
    throw new Refusal(
      'The parser of TypeScript is missing. Install it, in a version below 7: npm install -D typescript@6',
    );
  }

  change({ path: file, text }: Pick<Source, 'path' | 'text'>): void {
    if (text !== this.#text(file)) this.#changed.set(file, text);
  }

  /** The files of TypeScript below the folder of main.ts. */
  sources(): Source[] {
    const files: string[] = [];
    this.tree.getDir(this.sourceRoot).visit((file) => {
      if (/(?<!\.d|\.spec|\.test)\.ts$/.test(file) && !file.includes('/node_modules/')) files.push(file.slice(1));
    });
    return files.map((file) => this.read(file));
  }

  /** The file that an import means, of this application's own. */
  resolve(specifier: string, from: string): string | undefined {
    const file = specifier.startsWith('.') ? path.posix.join(path.posix.dirname(from), specifier) : specifier;
    return [`${file}.ts`, file.replace(/\.js$/, '.ts'), `${file}/index.ts`].find((each) => this.has(each));
  }

  dependsOn(name: string): boolean {
    const { dependencies, devDependencies } = this.#manifest();
    return Object.hasOwn({ ...devDependencies, ...dependencies }, name);
  }

  addDependency(name: string, version: string): void {
    const text = this.#text('package.json');
    const manifest = this.#manifest();
    const dependencies = Object.entries({ ...manifest.dependencies, [name]: version });
    manifest.dependencies = Object.fromEntries(dependencies.toSorted(([one], [other]) => (one < other ? -1 : 1)));
    const step = /^[ \t]+/m.exec(text)?.[0];
    const end = /\s*$/.exec(text)![0];
    const eol = text.includes('\r\n') ? '\r\n' : '\n';
    this.change({ path: 'package.json', text: JSON.stringify(manifest, null, step).replaceAll('\n', eol) + end });
  }

  /** Writes all changes, and says in which files. */
  write(): string[] {
    for (const [file, text] of this.#changed) this.tree.overwrite(file, text);
    return [...this.#changed.keys()];
  }

  #manifest(): Manifest {
    if (this.has('package.json')) return JSON.parse(this.#text('package.json')) as Manifest;
    throw new Refusal('There is no package.json here. Run this in the folder of the application.');
  }

  #text(file: string): string {
    return this.#changed.get(file) ?? this.tree.read(file)?.toString() ?? '';
  }
}
