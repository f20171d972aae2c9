import { CREATE_SESSION_TABLES } from 'nest-sessions/typeorm';
import { DATABASES } from '../../libs/session/schematics/typeorm.edit.js';
import { Application, Devkit, type Files } from './application.js';

const devkit = new Devkit();
afterAll(() => devkit.stop());

const MANIFEST = '{ "dependencies": { "@nestjs/typeorm": "^12.0.0" } }';

/** An application with these imports of its root module. */
function shop(imports: string, files: Files = {}): Application {
  const text = `import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';

@Module({
  imports: [
    ${imports},
  ],
})
export class AppModule {}
`;
  return new Application(devkit, { 'package.json': MANIFEST, 'src/app.module.ts': text, ...files });
}

/** A TypeOrmModule with these options beside the type. */
function options(text: string): string {
  return `TypeOrmModule.forRoot({\n      type: 'postgres',\n      ${text}\n    })`;
}

describe('the tables of sessions, in an application with TypeORM', () => {
  it('come by a migration, which runs at the start', async () => {
    const application = shop(options('url: process.env.DATABASE_URL,'));
    expect(await application.add()).toBe(`import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import {
  CreateSessionTables,
  sessionEntities,
  TypeOrmSessionStore,
} from 'nest-sessions/typeorm';
import { SessionModule } from 'nest-sessions';

@Module({
  imports: [
    TypeOrmModule.forRoot({
      type: 'postgres',
      url: process.env.DATABASE_URL,
      entities: [...sessionEntities('postgres')],
      migrations: [CreateSessionTables],
      migrationsRun: true,
    }),
    SessionModule.forRoot(TypeOrmSessionStore, {
      secret: process.env.SESSION_SECRET,
    }),
  ],
})
export class AppModule {}
`);
    const before = application.files;
    await application.add();
    expect(application.files).toEqual(before);
  });

  it('come beside the application’s own migrations', async () => {
    const application = shop(options("entities: [User],\n      migrations: [__dirname + '/migrations/*.js'],"));
    expect(await application.add()).toContain(`      entities: [User, ...sessionEntities('postgres')],
      migrations: [__dirname + '/migrations/*.js', CreateSessionTables],
    }),`);
    expect(application.said.join('\n')).toContain('Run your migrations: one of them makes the tables');
  });

  it('come at the start, if the application runs its migrations then', async () => {
    const application = shop(options('migrations: [],\n      migrationsRun: true,'));
    expect(await application.add()).toMatch(/migrations: \[\n +CreateSessionTables,\n +\],\n +migrationsRun: true,\n/);
    expect(application.said.join('\n')).not.toContain('Run your migrations');
  });

  it('come by synchronize, where the application uses that', async () => {
    const application = shop(options('autoLoadEntities: true,\n      synchronize: true,'));
    const text = await application.add();
    expect(text).toContain("synchronize: true,\n      entities: [...sessionEntities('postgres')],\n    }),");
    expect(text).not.toContain('CreateSessionTables');
  });

  it('are found in the file that connects, and are those of its database', async () => {
    const database =
      "@Module({ imports: [TypeOrmModule.forRoot({ type: 'mariadb' })] })\nexport class DatabaseModule {}\n";
    const application = shop('DatabaseModule', { 'src/database.module.ts': database });
    expect(await application.add()).not.toContain('CreateSessionTables');
    expect(application.files['src/database.module.ts']).toContain("entities: [...sessionEntities('mariadb')]");
  });

  it.each<[string, string, Files]>([
    ['options from a factory', 'TypeOrmModule.forRootAsync({ useFactory })', {}],
    ['options from elsewhere', 'TypeOrmModule.forRoot(options)', {}],
    ['two databases', options('') + ', ' + options("name: 'b',"), {}],
    [
      'a DataSource beside',
      options(''),
      { 'src/data-source.ts': "export default new DataSource({ type: 'postgres' });" },
    ],
    ['a type from elsewhere', 'TypeOrmModule.forRoot({ type })', {}],
    ['synchronize if so', options('synchronize: isDevelopment,'), {}],
    ['entities from elsewhere', options('entities,'), {}],
    ['options that are spread', options('...common,\n      entities: [],\n      migrations: [],'), {}],
    ['migrations from elsewhere', options('migrations: migrations,'), {}],
  ])('%s: TypeORM is left as it is, and what to add is told', async (_name, imports, files) => {
    const application = shop(imports, files);
    const before = application.files;
    const text = await application.add();
    expect(text).toContain('SessionModule.forRoot(TypeOrmSessionStore, {');
    expect(text).toContain(imports);
    expect({ ...application.files, 'src/app.module.ts': '' }).toEqual({ ...before, 'src/app.module.ts': '' });
    const said = application.said.join('\n');
    expect(said).toContain('TypeORM is left as it is. ');
    expect(said).toContain("import { CreateSessionTables, sessionEntities } from 'nest-sessions/typeorm';");
  });

  it('are not made twice, when somebody has added them already', async () => {
    const application = shop(options('migrations: [CreateSessionTables],'));
    expect(await application.add()).toContain(options('migrations: [CreateSessionTables],'));
  });

  it('a database that the store does not work on is refused', async () => {
    const refusal = await shop("TypeOrmModule.forRoot({ type: 'mssql' })").refusal();
    expect(refusal).toContain(
      "src/app.module.ts connects to 'mssql', and TypeOrmSessionStore needs one of postgres, mysql",
    );
    expect(refusal).toContain('Nothing was changed.');
    expect(DATABASES).toEqual(Object.keys(CREATE_SESSION_TABLES));
  });

  it('--store=postgres without TypeORM is refused', async () => {
    const application = new Application(devkit);
    const refusal = await application.refusal({ store: 'postgres' });
    expect(refusal).toContain('package.json does not have @nestjs/typeorm. Set that up first.');
    expect(refusal).toContain('migrations: [/* yours */ CreateSessionTables]');
  });
});
