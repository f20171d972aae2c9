import { Client } from '../support/client.js';
import { type Database, openDatabase } from '../support/postgres.js';
import { type NestApplication, Workshop } from './nest-application.js';

const SECRET = 'a secret of an application that a test makes';

const COUNTER = `import { Controller, Get } from '@nestjs/common';
import { Session } from 'nest-sessions';

@Controller()
export class AppController {
  @Get()
  count(@Session() session: Session<{ visits: number }>) {
    return session.update('visits', (visits = 0) => visits + 1);
  }
}
`;

describe('applications of nest new, after nest add nest-sessions', () => {
  const workshop = new Workshop();
  let applications: NestApplication[];
  let database: Database;

  beforeAll(async () => {
    database = await openDatabase();
    await database.dataSource.undoLastMigration();
    applications = await Promise.all([
      workshop.make('memory', 'esm'),
      workshop.make('postgres', 'cjs'),
      workshop.make('redis', 'cjs'),
      workshop.make('cookie', 'esm'),
    ]);
    for (const application of applications) application.edit('src/app.controller.ts', /[^]*/, COUNTER);
  }, 60_000);

  afterAll(async () => {
    await Promise.all(applications.map((application) => application.stop()));
    workshop.close();
    await database.close();
  });

  it('nest add adds them, and a second run changes nothing', async () => {
    const [memory] = applications;
    expect(await memory!.nest('add', 'nest-sessions', '--skip-install')).toContain('UPDATE');
    const text = memory!.read('src/app.module.ts');
    expect(text).toContain('SessionModule.forRoot(new MemorySessionStore(), {');
    expect(await memory!.schematic()).toContain('Nothing to be done.');
    expect(memory!.read('src/app.module.ts')).toBe(text);
  });

  it('so does the schematic by itself', async () => {
    const [, postgres, redis, cookie] = applications;
    postgres!.edit('package.json', '"@nestjs/core"', '"@nestjs/typeorm": "^12.0.0",\n    "@nestjs/core"');
    postgres!.edit('src/app.module.ts', /^/, "import { TypeOrmModule } from '@nestjs/typeorm';\n");
    const connects = "imports: [TypeOrmModule.forRoot({ type: 'postgres', url: process.env.DATABASE_URL })]";
    postgres!.edit('src/app.module.ts', 'imports: []', connects);
    const [said] = await Promise.all([
      postgres!.schematic(),
      redis!.schematic('--store=redis', '--skip-install', '--guard'),
      cookie!.schematic('--store=cookie'),
    ]);
    expect(said).toContain('src/app.module.ts keeps sessions in postgres.');
    expect(redis!.read('package.json')).toContain('"redis": "^6.0.0"');
  });

  it('their types are right, as ES modules and as CommonJS, and Prettier is as content as before', async () => {
    expect(await workshop.compile(applications)).toBe('');
    expect(await workshop.unformatted('*/src/app.module.ts')).toBe('postgres/src/app.module.ts\n');
  });

  it('sessions work over HTTP, in memory and in cookies', async () => {
    for (const application of [applications[0]!, applications[3]!]) {
      const client = new Client(await application.start({ SESSION_SECRET: SECRET }));
      expect((await client.get('/')).text).toBe('1');
      expect((await client.get('/')).text).toBe('2');
      await application.stop();
    }
  });

  it('sessions work in Postgres, whose tables the migration has made', async () => {
    const url = await applications[1]!.start({ SESSION_SECRET: SECRET, DATABASE_URL: database.url });
    const client = new Client(url);
    await client.get('/');
    expect((await client.get('/')).text).toBe('2');
    const rows = await database.dataSource.query("SELECT fields->>'visits' AS visits FROM sessions");
    expect(rows).toEqual([{ visits: expect.stringContaining('2') }]);
  });
});
