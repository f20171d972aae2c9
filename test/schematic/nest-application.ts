import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const SCHEMATICS = path.resolve('node_modules/@angular-devkit/schematics-cli/bin/schematics.js');
const NEST = path.resolve('node_modules/@nestjs/cli/bin/nest.js');
const TSC = path.resolve('node_modules/typescript/bin/tsc');
const PRETTIER = path.resolve('node_modules/prettier/bin/prettier.cjs');

/** Without what Jest has put into the environment. */
const { JEST_WORKER_ID: _, NODE_OPTIONS: __, ...env } = process.env;

/** A folder for applications that `nest new` makes, with this workspace's packages and the library as it is built. */
export class Workshop {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'nest-sessions-schematic-'));

  constructor() {
    symlinkSync(path.resolve('node_modules'), path.join(this.folder, 'node_modules'));
  }

  /** Offline, as `nest new --skip-install` does. */
  async make(name: string, type: 'esm' | 'cjs'): Promise<NestApplication> {
    const options = [`--name=${name}`, '--language=ts', `--type=${type}`];
    await run(process.execPath, [SCHEMATICS, '@nestjs/schematics:application', ...options], { cwd: this.folder, env });
    const application = new NestApplication(path.join(this.folder, name));
    application.edit('src/main.ts', /(.*app\.listen)\(.*\);/, '$1(0);\n  console.log(await app.getUrl());');
    return application;
  }

  /** Checks the types of all applications, and compiles each as it says. Tells what is wrong. */
  async compile(applications: readonly NestApplication[]): Promise<string> {
    const config = {
      extends: path.join(applications[0]!.folder, 'tsconfig.json'),
      compilerOptions: { rootDir: '.', outDir: null, incremental: false, types: ['node'] },
      include: applications.map(({ folder }) => path.join(folder, 'src')),
      exclude: ['**/*.spec.ts'],
    };
    writeFileSync(path.join(this.folder, 'tsconfig.json'), JSON.stringify(config));
    return run(process.execPath, [TSC, '-p', '.'], { cwd: this.folder, env }).then(
      () => '',
      ({ stdout }) => stdout,
    );
  }

  /** The files that Prettier, with the applications' settings, would write in another way. */
  async unformatted(files: string): Promise<string> {
    return run(process.execPath, [PRETTIER, '--list-different', files], { cwd: this.folder, env }).then(
      () => '',
      ({ stdout }) => stdout,
    );
  }

  close(): void {
    rmSync(this.folder, { recursive: true });
  }
}

export class NestApplication {
  #server: ChildProcess | undefined;

  constructor(readonly folder: string) {}

  read(file: string): string {
    return readFileSync(path.join(this.folder, file), 'utf8');
  }

  edit(file: string, before: string | RegExp, after: string): void {
    writeFileSync(path.join(this.folder, file), this.read(file).replace(before, after));
  }

  /** `nest` with these words, and what it says. */
  async nest(...words: string[]): Promise<string> {
    const { stdout } = await run(process.execPath, [NEST, ...words], { cwd: this.folder, env });
    return stdout;
  }

  /** The schematic by itself. */
  async schematic(...words: string[]): Promise<string> {
    const args = [SCHEMATICS, 'nest-sessions:nest-add', ...words];
    const { stdout } = await run(process.execPath, args, { cwd: this.folder, env });
    return stdout;
  }

  /** Starts it, and gives its address. */
  async start(variables: Record<string, string>): Promise<string> {
    const server = spawn(process.execPath, ['src/main.js'], {
      cwd: this.folder,
      env: { ...env, NODE_ENV: 'test', ...variables },
    });
    this.#server = server;
    const said: string[] = [];
    const ended = once(server, 'exit');
    for (const stream of [server.stdout, server.stderr]) stream.on('data', (chunk) => said.push(String(chunk)));
    for (;;) {
      const url = /^http:\S+$/m.exec(said.join(''))?.[0];
      if (url) return url.replace('[::1]', 'localhost');
      const exit = await Promise.race([ended, once(server.stdout, 'data').then(() => undefined)]);
      if (exit) throw new Error(said.join(''));
    }
  }

  async stop(): Promise<void> {
    if (!this.#server?.kill()) return;
    await once(this.#server, 'exit');
  }
}
