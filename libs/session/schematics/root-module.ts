import type ts from 'typescript';
import type { Application } from './application.js';
import { importsOf, moduleOf, namesOf } from './import.edit.js';
import { Refusal } from './refusal.js';
import type { Source } from './source.js';

const OR_NAME_IT = 'If the root module is somewhere else, name its file: --module=src/app.module.ts, say';

/** A class with `@Module`. */
export interface ModuleClass {
  readonly file: string;
  /** The name of the class. Without one, it is the only module of its file. */
  readonly name?: string;
}

/** The module that main.ts gives to `NestFactory.create()`. */
export function rootModule(application: Application): ModuleClass {
  const main = `${application.sourceRoot}/main.ts`;
  if (!application.has(main)) throw new Refusal(`There is no ${main}. ${OR_NAME_IT}.`);
  const source = application.read(main);
  const [name, ...others] = new Set(createdModules(source));
  if (!name || others.length > 0) {
    throw new Refusal(`${main} does not call NestFactory.create() with the one name of a module. ${OR_NAME_IT}.`);
  }
  const found = importOf(source, name);
  if (!found) return { file: main, name };
  const file = application.resolve(found.from, main);
  if (!file) throw new Refusal(`${main} imports ${name} from '${found.from}', which is no file here. ${OR_NAME_IT}.`);
  return { file, name: found.name };
}

/** The names that stand as the first argument of `NestFactory.create()`. */
function createdModules(source: Source): string[] {
  const { compiler, root } = source;
  return source
    .find(compiler.isCallExpression)
    .filter((call) => call.expression.getText(root) === 'NestFactory.create')
    .map((call) => call.arguments[0])
    .map((argument) => (argument && compiler.isIdentifier(argument) ? argument.text : ''));
}

function importOf(source: Source, name: string): { from: string; name: string } | undefined {
  for (const declaration of importsOf(source)) {
    const element = namesOf(declaration)?.elements.find((each) => each.name.text === name);
    if (element) return { from: moduleOf(declaration), name: (element.propertyName ?? element.name).text };
  }
  return undefined;
}

/** What is given to the `@Module()` of a class. */
export function metadataOf(source: Source, name?: string): ts.ObjectLiteralExpression {
  const { compiler } = source;
  const modules = source.find(compiler.isClassDeclaration).flatMap((node) => {
    const decorators = compiler.getDecorators(node) ?? [];
    const calls = decorators.map(({ expression }) => expression).filter(compiler.isCallExpression);
    const metadata = calls.find((call) => call.expression.getText(source.root) === 'Module')?.arguments[0];
    return metadata && (!name || node.name?.text === name) ? [metadata] : [];
  });
  const [metadata] = modules;
  if (modules.length !== 1 || !metadata || !compiler.isObjectLiteralExpression(metadata)) {
    throw new Refusal(`${source.path} has no ${name ?? 'single class'} with @Module({ … }). ${OR_NAME_IT}.`);
  }
  return metadata;
}
