import type ts from 'typescript';
import { appended } from './list.edit.js';
import { Refusal } from './refusal.js';
import type { Source } from './source.js';

/** A property of an object that is written out; `undefined` if it has none of that name. */
export function propertyOf(
  source: Source,
  object: ts.ObjectLiteralExpression,
  name: string,
): ts.ObjectLiteralElementLike | undefined {
  return object.properties.find((property) => property.name?.getText(source.root).replace(/['"]/g, '') === name);
}

/**
 * A file with an entry more in the list that is a property of an object. The list is made if there is none.
 *
 * @throws Refusal if the property is no list that is written out, or may come from somewhere else
 */
export function withEntry(source: Source, object: ts.ObjectLiteralExpression, name: string, code: string): Source {
  const { compiler } = source;
  const property = propertyOf(source, object, name);
  if (!property && !object.properties.some(compiler.isSpreadAssignment)) {
    return appended(
      source,
      object,
      `${name}: [${code.includes('\n') ? `\n  ${code.replaceAll('\n', '\n  ')},\n` : code}]`,
    );
  }
  if (property && compiler.isPropertyAssignment(property) && compiler.isArrayLiteralExpression(property.initializer)) {
    return appended(source, property.initializer, code);
  }
  throw new Refusal(`${source.path} has no list '${name}: [ … ]' that something could be added to.`);
}
