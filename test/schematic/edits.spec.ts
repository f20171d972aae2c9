import { readFileSync } from 'node:fs';
import { Application, Devkit, FILES, type Files } from './application.js';

const devkit = new Devkit();
afterAll(() => devkit.stop());

/** A root module with these imports and this metadata. */
function moduleOf(metadata: string, imports = "import { Module } from '@nestjs/common';"): Files {
  return { 'src/app.module.ts': `${imports}\n\n@Module({${metadata}})\nexport class AppModule {}\n` };
}

const ENTRY = `SessionModule.forRoot(new MemorySessionStore(), {
      secret: process.env.SESSION_SECRET,
    }),`;

describe('what nest add nest-sessions writes', () => {
  it('adds the module and its import', async () => {
    expect(await new Application(devkit).add()).toBe(`import { Module } from '@nestjs/common';
import { MemorySessionStore, SessionModule } from 'nest-sessions';

@Module({
  imports: [
    SessionModule.forRoot(new MemorySessionStore(), {
      secret: process.env.SESSION_SECRET,
    }),
  ],
})
export class AppModule {}
`);
  });

  it('adds nothing twice', async () => {
    const application = new Application(devkit);
    await application.add({ guard: true, store: 'redis' });
    const before = application.files;
    await application.add({ guard: true, store: 'redis' });
    await application.add();
    await application.add({ store: 'cookie' });
    expect(application.files).toEqual(before);
    expect(application.said.at(-1)).toBe('Sessions are there already.');
  });

  it('leaves alone a module that another file has', async () => {
    const application = new Application(devkit, {
      'src/session.ts':
        "import { SessionModule } from 'nest-sessions';\nexport const sessions = SessionModule.forRoot(store);\n",
    });
    const before = application.files;
    await application.add();
    expect(application.files).toEqual(before);
  });

  it.each([
    ['a list of one line', '\n  imports: [UsersModule],\n', `\n  imports: [\n    UsersModule,\n    ${ENTRY}\n  ],\n`],
    ['one with a comma at its end', '\n  imports: [A, B, ],\n', `\n  imports: [\n    A,\n    B,\n    ${ENTRY}\n  ],\n`],
    ['one with comments', '\n  imports: [A /* a, b */],\n', `\n  imports: [\n    A, /* a, b */\n    ${ENTRY}\n  ],\n`],
    ['lines', '\n  imports: [\n    A, // a\n  ],\n', `\n  imports: [\n    A, // a\n    ${ENTRY}\n  ],\n`],
    [
      'lines without a last comma',
      '\n  imports: [\n    A // a\n  ],\n',
      `\n  imports: [\n    A, // a\n    ${ENTRY.slice(0, -1)}\n  ],\n`,
    ],
    [
      'an empty list with a comment',
      '\n  imports: [\n    // none\n  ],\n',
      `\n  imports: [\n    ${ENTRY}\n  \n    // none\n  ],\n`,
    ],
    ['no list', '\n  controllers: [],\n', `\n  controllers: [],\n  imports: [\n    ${ENTRY}\n  ],\n`],
    ['no metadata', '', `\n  imports: [\n    ${ENTRY}\n  ],\n`],
  ])('adds to %s', async (_name, before, after) => {
    expect(await new Application(devkit, moduleOf(before)).add()).toContain(`@Module({${after}})`);
  });

  it.each([
    ['Windows’ line ends', (text: string) => text.replaceAll('\n', '\r\n')],
    ['tabs', (text: string) => text.replaceAll('  ', '\t')],
    ['four blanks', (text: string) => text.replaceAll('  ', '    ')],
    ['double quotes', (text: string) => text.replaceAll("'", '"')],
    ['no semicolons', (text: string) => text.replaceAll(';', '')],
    ['a byte order mark', (text: string) => `\uFEFF${text}`],
  ])('keeps to %s', async (_name, like) => {
    const plain = new Application(devkit);
    const styled = new Application(devkit, { 'src/app.module.ts': like(FILES['src/app.module.ts']!) });
    expect(await styled.add({ guard: true })).toBe(like(await plain.add({ guard: true })));
  });

  it('adds to imports that are there, and breaks lines that get long', async () => {
    const imports =
      "import { Module } from '@nestjs/common';\nimport { APP_GUARD } from '@nestjs/core'; // guards\nimport type { X } from 'nest-sessions';";
    const text = await new Application(devkit, moduleOf('\n  providers: [],\n', imports)).add({ guard: true });
    expect(text).toContain(`import { APP_GUARD } from '@nestjs/core'; // guards
import type { X } from 'nest-sessions';
import {
  MemorySessionStore,
  SessionModule,
  SessionAuthGuard,
} from 'nest-sessions';
`);
    expect(text).toContain('  providers: [\n    { provide: APP_GUARD, useClass: SessionAuthGuard },\n  ],');
  });

  it('adds the guard later, when it is asked for', async () => {
    const application = new Application(devkit);
    expect(await application.add()).not.toContain('SessionAuthGuard');
    expect(await application.add({ guard: true })).toContain('{ provide: APP_GUARD, useClass: SessionAuthGuard }');
    expect(application.said.at(-1)).toContain('@Public()');
  });

  it('writes no secret, and tells how to make one', async () => {
    const application = new Application(devkit);
    expect(await application.add()).toContain('secret: process.env.SESSION_SECRET,');
    expect(application.said.join('\n')).toContain('randomBytes(32)');
    expect(application.said.join('\n')).toContain('does not start without SESSION_SECRET');
  });

  it('adds the client of Redis, and has it installed', async () => {
    const application = new Application(devkit, {
      'package.json': '{\r\n\t"dependencies": {\r\n\t\t"zod": "^4.0.0",\r\n\t\t"pg": "^8.0.0"\r\n\t}\r\n}',
    });
    await application.add({ store: 'redis' });
    expect(application.files['package.json']).toBe(
      '{\r\n\t"dependencies": {\r\n\t\t"pg": "^8.0.0",\r\n\t\t"redis": "^6.0.0",\r\n\t\t"zod": "^4.0.0"\r\n\t}\r\n}',
    );
    expect(application.tasks).toEqual(['node-package']);
  });

  it('takes the client of Redis that is there, and installs nothing', async () => {
    const manifest = '{ "dependencies": { "redis": "^5.0.0" } }\n';
    const application = new Application(devkit, { 'package.json': manifest });
    await application.add({ store: 'redis' });
    expect(application.files['package.json']).toBe(manifest);
    expect(application.tasks).toEqual([]);
  });

  it('finds the root module where main.ts has it', async () => {
    const application = new Application(devkit, {
      'apps/api/src/main.ts':
        "import { Root as App } from './root/index';\nNestFactory.create<X>(App, new FastifyAdapter());\n",
      'apps/api/src/root/index.ts': '@Module({})\nclass Other {}\n@Module({ imports: [] })\nexport class Root {}\n',
    });
    await application.add({ sourceRoot: 'apps/api/src' });
    const text = application.files['apps/api/src/root/index.ts'];
    expect(text).toContain('@Module({})\nclass Other {}');
    expect(text).toContain('SessionModule.forRoot');
    expect(text).toMatch(/^import \{ MemorySessionStore, SessionModule \}/);
  });

  it('takes the module that --module names', async () => {
    const application = new Application(devkit, {
      'src/main.ts': 'start();',
      'src/root.ts': '@Module({})\nexport class Root {}\n',
    });
    await application.add({ module: 'src/root.ts' });
    expect(application.files['src/root.ts']).toContain('SessionModule.forRoot');
  });
});

describe('what nest add nest-sessions does not understand, it leaves alone', () => {
  it.each<[string, Files, string]>([
    ['no main.ts', { 'src/main.ts': '' }, 'src/main.ts does not call NestFactory.create() with the one name'],
    ['two roots', { 'src/main.ts': 'NestFactory.create(A);\nNestFactory.create(B);' }, 'with the one name of a module'],
    ['a root that is made', { 'src/main.ts': 'NestFactory.create(make());' }, 'with the one name of a module'],
    [
      'a root from elsewhere',
      { 'src/main.ts': "import { A } from '@shop/app';\nNestFactory.create(A);" },
      "src/main.ts imports A from '@shop/app', which is no file here",
    ],
    [
      'a root without @Module',
      { 'src/app.module.ts': 'export class AppModule {}' },
      'src/app.module.ts has no AppModule',
    ],
    [
      'metadata from elsewhere',
      { 'src/app.module.ts': '@Module(metadata)\nexport class AppModule {}' },
      'no AppModule',
    ],
    ['imports from elsewhere', moduleOf(' imports: common '), "src/app.module.ts has no list 'imports: [ … ]'"],
    ['metadata that is spread', moduleOf(' ...common '), "src/app.module.ts has no list 'imports: [ … ]'"],
    [
      'a SessionModule of its own',
      moduleOf('', "import { SessionModule } from './session/session.module.js';"),
      'src/app.module.ts has a SessionModule of its own',
    ],
  ])('%s', async (_name, files, told) => {
    const refusal = await new Application(devkit, files).refusal({ guard: true });
    expect(refusal).toContain(told);
    expect(refusal).toContain('Nothing was changed. To do it by hand, add');
    expect(refusal).toContain("import { MemorySessionStore, SessionModule } from 'nest-sessions';");
    expect(refusal).toContain('SessionModule.forRoot(new MemorySessionStore(), {');
    expect(refusal).toContain('{ provide: APP_GUARD, useClass: SessionAuthGuard }');
  });

  it('a folder without main.ts, and a module that is not there', async () => {
    expect(await new Application(devkit).refusal({ sourceRoot: 'server' })).toContain('There is no server/main.ts.');
    expect(await new Application(devkit).refusal({ module: 'src/x.ts' })).toContain(
      'There is no src/x.ts, which --module names.',
    );
  });

  it('a folder without package.json', async () => {
    const { refusal } = await devkit.run({ 'src/main.ts': '' }, {});
    expect(refusal).toBe('There is no package.json here. Run this in the folder of the application.');
  });

  it('a guard without a place changes nothing of the module either', async () => {
    const refusal = await new Application(devkit, moduleOf('\n  imports: [],\n  providers,\n')).refusal({
      guard: true,
    });
    expect(refusal).toContain("src/app.module.ts has no list 'providers: [ … ]'");
  });
});

describe('docs/getting-started.md', () => {
  const diffs = [...readFileSync('docs/getting-started.md', 'utf8').matchAll(/^```diff\n([^]*?)^```$/gm)];

  /** The text of before, or of after. */
  const side = (diff: string, sign: '-' | '+'): string =>
    Array.from(diff.matchAll(/^([-+ ]?)(.*\n)/gm), ([, mark, line]) =>
      !mark?.trim() || mark === sign ? line : '',
    ).join('');

  it.each(diffs.map(([, diff]) => diff!))('shows what is written: %#', async (diff) => {
    const manifest = diff.includes('TypeOrmModule') ? '{ "dependencies": { "@nestjs/typeorm": "^12.0.0" } }' : '{}';
    const files = { 'package.json': manifest, 'src/app.module.ts': side(diff, '-') };
    expect(await new Application(devkit, files).add()).toBe(side(diff, '+'));
    expect(diffs).toHaveLength(2);
  });
});
