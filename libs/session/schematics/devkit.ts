/**
 * What is used of `@angular-devkit/schematics`, which the Nest CLI brings along: its shapes, so that nobody has to install it
 * who runs no schematic.
 */

/** The files of an application. What is changed is written when the schematic has ended well, all of it or nothing. */
export interface Tree {
  exists(path: string): boolean;
  read(path: string): Buffer | null;
  overwrite(path: string, content: string): void;
  getDir(path: string): { visit(visitor: (path: string) => void): void };
}

export interface SchematicContext {
  readonly logger: { info(message: string): void };
  addTask(task: { toConfiguration(): { name: string; options: object } }): unknown;
}

export type Rule = (tree: Tree, context: SchematicContext) => void;
