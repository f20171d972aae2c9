import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { NestAddOptions } from '../../libs/session/schematics/nest-add.js';

export type Files = Readonly<Record<string, string>>;

/** What `nest new` makes, as far as it matters here. */
export const FILES: Files = {
  'package.json': '{\n  "name": "shop",\n  "dependencies": {\n    "@nestjs/common": "^12.0.0"\n  }\n}\n',
  'src/main.ts': `import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';

const app = await NestFactory.create(AppModule);
await app.listen(3000);
`,
  'src/app.module.ts': `import { Module } from '@nestjs/common';

@Module({
  imports: [],
})
export class AppModule {}
`,
};

/** What came of it. */
interface Outcome {
  readonly files?: Files;
  readonly said?: string[];
  readonly tasks?: string[];
  readonly refusal?: string;
}

/** The devkit, for the tests of a file. */
export class Devkit {
  readonly #process: ChildProcess = fork('test/schematic/devkit.process.js', { execArgv: [] });

  async run(files: Files, options: NestAddOptions): Promise<Outcome> {
    this.#process.send({ files, options });
    const [outcome] = await once(this.#process, 'message');
    return outcome as Outcome;
  }

  async stop(): Promise<void> {
    this.#process.disconnect();
    await once(this.#process, 'exit');
  }
}

/** An application, and what `nest add nest-sessions` makes of it. */
export class Application {
  readonly said: string[] = [];
  readonly tasks: string[] = [];
  files: Files;

  constructor(
    private readonly devkit: Devkit,
    files: Files = {},
  ) {
    this.files = { ...FILES, ...files };
  }

  /** Runs it, and gives the root module. */
  async add(options: NestAddOptions = {}): Promise<string> {
    const { files, refusal, said = [], tasks = [] } = await this.devkit.run(this.files, options);
    if (!files) throw new Error(refusal);
    this.files = files;
    this.said.push(...said);
    this.tasks.push(...tasks);
    return files['src/app.module.ts']!;
  }

  /** The message of a refusal, which writes nothing. */
  async refusal(options: NestAddOptions = {}): Promise<string> {
    const { refusal } = await this.devkit.run(this.files, options);
    if (refusal === undefined) throw new Error('It was not refused.');
    return refusal;
  }
}
