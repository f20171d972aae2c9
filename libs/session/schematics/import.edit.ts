import type ts from 'typescript';
import { appended } from './list.edit.js';
import { Refusal } from './refusal.js';
import type { Source } from './source.js';

/** Names, and the module that they come from. */
export interface Import {
  readonly names: readonly string[];
  readonly from: string;
}

export function importLine({ from, names }: Import): string {
  return `import { ${names.join(', ')} } from '${from}';`;
}

/** A file that imports these names, if it did not yet. */
export function imported(source: Source, imports: readonly Import[]): Source {
  return imports.reduce(
    (file, { from, names }) => names.reduce((each, name) => withName(each, name, from), file),
    source,
  );
}

function withName(source: Source, name: string, from: string): Source {
  const declarations = importsOf(source);
  const same = declarations.filter((declaration) => moduleOf(declaration) === from);
  const lists = same.map(namesOf).filter((list) => list !== undefined);
  if (lists.some(({ elements }) => elements.some((element) => !element.propertyName && element.name.text === name))) {
    return source;
  }
  if (isTaken(source, name)) {
    throw new Refusal(`${source.path} has a ${name} of its own, so ${name} of '${from}' has no place in it.`);
  }
  if (lists[0]) return appended(source, lists[0], name);
  const line = source.written(importLine({ names: [name], from }));
  const last = declarations.at(-1);
  const start = last ? source.afterComments(last.end) : (source.root.statements[0]?.getStart(source.root) ?? 0);
  const text = last ? source.newline() + line : line + source.newline();
  return source.replaced({ start, end: start, text });
}

export function importsOf(source: Source): ts.ImportDeclaration[] {
  return source.root.statements.filter((node) => source.compiler.isImportDeclaration(node));
}

export function moduleOf({ moduleSpecifier }: ts.ImportDeclaration): string {
  return (moduleSpecifier as ts.StringLiteral).text;
}

/** The names in braces, of an import that is not of types alone. */
export function namesOf({ importClause }: ts.ImportDeclaration): ts.NamedImports | undefined {
  const bindings = importClause?.namedBindings;
  return bindings && 'elements' in bindings && !importClause.isTypeOnly ? bindings : undefined;
}

/** Whether the file has something else of this name, imported or declared at its top. */
function isTaken(source: Source, name: string): boolean {
  const { compiler, root } = source;
  const named = source.find(
    (node): node is ts.NamedDeclaration =>
      compiler.isImportSpecifier(node) ||
      compiler.isImportClause(node) ||
      compiler.isNamespaceImport(node) ||
      ((compiler.isClassDeclaration(node) || compiler.isFunctionDeclaration(node)) && node.parent === root) ||
      (compiler.isVariableDeclaration(node) && node.parent.parent.parent === root),
  );
  return named.some((node) => node.name?.getText(root) === name);
}
