import type ts from 'typescript';
import type { Application } from './application.js';
import { imported, importLine } from './import.edit.js';
import { appended } from './list.edit.js';
import { propertyOf, withEntry } from './property.edit.js';
import { Refusal } from './refusal.js';
import type { Source } from './source.js';

/** The databases that `TypeOrmSessionStore` works on. */
export const DATABASES: readonly string[] = ['postgres', 'mysql', 'mariadb', 'better-sqlite3'];

const FROM = 'nest-sessions/typeorm';
const ENTITIES = 'sessionEntities';
const MIGRATION = 'CreateSessionTables';

export const TABLES_BY_HAND = `${importLine({ names: [MIGRATION, ENTITIES], from: FROM })}

and to the options of your DataSource

entities: [/* yours */ ...${ENTITIES}('postgres')], // the type of your database
migrations: [/* yours */ ${MIGRATION}], // not with synchronize: true`;

/**
 * Makes TypeORM know the tables of sessions: by `synchronize` where the application uses that, by a migration otherwise.
 * What cannot be told for sure is left alone.
 *
 * @returns what is left to be done
 * @throws Refusal for a database that the store does not work on
 */
export function addTables(application: Application): string[] {
  const sources = application.sources();
  if (sources.some(({ text }) => new RegExp(`\\b(${ENTITIES}|${MIGRATION}|SessionEntity)\\b`).test(text))) return [];
  const given = sources.flatMap((source) => givenToTypeOrm(source).map((argument) => ({ argument, source })));
  const [only] = given;
  if (given.length !== 1 || !only || !isWrittenOut(only.source, only.argument)) {
    return [leftAlone('Its options are not written out in one single TypeOrmModule.forRoot({ … }).')];
  }
  const type = typeOf(only.source, only.argument);
  if (type && !DATABASES.includes(type)) {
    throw new Refusal(
      `${only.source.path} connects to '${type}', and TypeOrmSessionStore needs one of ${DATABASES.join(', ')}. Choose another --store.`,
    );
  }
  return type ? wire(application, only.source, only.argument, type) : [leftAlone('It does not say its type.')];
}

function wire(application: Application, source: Source, object: ts.ObjectLiteralExpression, type: string): string[] {
  try {
    const synchronizes = flag(source, object, 'synchronize');
    const migrates = propertyOf(source, object, 'migrations') !== undefined;
    const runs = flag(source, object, 'migrationsRun');
    let changed = withOption(source, 'entities', `...${ENTITIES}('${type}')`);
    if (!synchronizes) changed = withOption(changed, 'migrations', MIGRATION);
    if (!synchronizes && !migrates && !runs) changed = appended(changed, optionsIn(changed), 'migrationsRun: true');
    const names = synchronizes ? [ENTITIES] : [MIGRATION, ENTITIES];
    application.change(imported(changed, [{ names, from: FROM }]));
    return !synchronizes && migrates && !runs ? ['Run your migrations: one of them makes the tables of sessions.'] : [];
  } catch (error) {
    if (error instanceof Refusal) return [leftAlone(error.message)];
    throw error;
  }
}

function leftAlone(why: string): string {
  return `TypeORM is left as it is. ${why} For the tables of sessions, add\n\n${TABLES_BY_HAND}`;
}

/** What TypeORM is configured with: the argument of each call that does. */
function givenToTypeOrm(source: Source): (ts.Expression | undefined)[] {
  const { compiler, root } = source;
  const calls = source.find(
    (node): node is ts.CallExpression | ts.NewExpression =>
      (compiler.isCallExpression(node) && /^TypeOrmModule\.forRoot(Async)?$/.test(node.expression.getText(root))) ||
      (compiler.isNewExpression(node) && node.expression.getText(root) === 'DataSource'),
  );
  return calls.map((call) => (call.expression.getText(root).endsWith('Async') ? undefined : call.arguments?.[0]));
}

function isWrittenOut(source: Source, argument?: ts.Expression): argument is ts.ObjectLiteralExpression {
  const { compiler } = source;
  if (!argument || !compiler.isObjectLiteralExpression(argument)) return false;
  return !argument.properties.some(compiler.isSpreadAssignment);
}

function optionsIn(source: Source): ts.ObjectLiteralExpression {
  return givenToTypeOrm(source)[0] as ts.ObjectLiteralExpression;
}

function withOption(source: Source, name: string, code: string): Source {
  return withEntry(source, optionsIn(source), name, code);
}

function valueOf(source: Source, object: ts.ObjectLiteralExpression, name: string): ts.Expression | undefined {
  const property = propertyOf(source, object, name);
  return property && source.compiler.isPropertyAssignment(property) ? property.initializer : undefined;
}

function typeOf(source: Source, object: ts.ObjectLiteralExpression): string | undefined {
  const value = valueOf(source, object, 'type');
  return value && source.compiler.isStringLiteral(value) ? value.text : undefined;
}

/** @throws Refusal if it is decided when the application runs */
function flag(source: Source, object: ts.ObjectLiteralExpression, name: string): boolean {
  const property = propertyOf(source, object, name);
  const value = valueOf(source, object, name)?.getText(source.root);
  if (!property || value === 'false') return false;
  if (value === 'true') return true;
  throw new Refusal(`${source.path} decides ${name} when it runs.`);
}
