import type ts from 'typescript';
import type { Compiler } from './compiler.js';

/** How a file is written: what is added to it is written the same way. */
interface Style {
  readonly eol: string;
  readonly quote: string;
  readonly semicolon: string;
  /** One step of indentation. */
  readonly step: string;
}

/** A file of an application, parsed. Edits leave all that they do not mean to change as it is, and parse it anew. */
export class Source {
  readonly #style: Style;
  #root: ts.SourceFile | undefined;

  constructor(
    readonly compiler: Compiler,
    readonly path: string,
    readonly text: string,
  ) {
    this.#style = styleOf(text);
  }

  /** Parsed when it is asked for: most files are only looked through. */
  get root(): ts.SourceFile {
    this.#root ??= this.compiler.createSourceFile(this.path, this.text, this.compiler.ScriptTarget.Latest, true);
    return this.#root;
  }

  /** Every node that a test picks. */
  find<T extends ts.Node>(test: (node: ts.Node) => node is T): T[] {
    const found: T[] = [];
    const visit = (node: ts.Node): void => {
      if (test(node)) found.push(node);
      node.forEachChild(visit);
    };
    visit(this.root);
    return found;
  }

  /** The file with other texts at these places. */
  replaced(...edits: { start: number; end: number; text: string }[]): Source {
    let text = this.text;
    for (const edit of edits.toSorted((one, other) => other.start - one.start)) {
      text = text.slice(0, edit.start) + edit.text + text.slice(edit.end);
    }
    return new Source(this.compiler, this.path, text);
  }

  /** Code of ours, of steps of two blanks and single quotes, as this file would write it. */
  written(code: string, indent = ''): string {
    const { eol, quote, semicolon, step } = this.#style;
    return code
      .replaceAll("'", quote)
      .replace(/;$/gm, semicolon)
      .replace(/^(?: {2})+/gm, (blanks) => step.repeat(blanks.length / 2))
      .replaceAll('\n', eol + indent);
  }

  /** The end of a line, and the blanks before what follows on the next. */
  newline(indent = ''): string {
    return this.#style.eol + indent;
  }

  /** One step further in. */
  deeper(indent: string): string {
    return indent + this.#style.step;
  }

  /** The end of the comments that follow a place on its line. */
  afterComments(place: number): number {
    return this.compiler.getTrailingCommentRanges(this.text, place)?.at(-1)?.end ?? place;
  }

  /** The blanks that the line of this place begins with. */
  indentAt(place: number): string {
    return /^[ \t]*/.exec(this.lineAt(place))![0];
  }

  /** The line of this place. */
  lineAt(place: number): string {
    const start = this.text.lastIndexOf('\n', place - 1) + 1;
    return /^[^\r\n]*/.exec(this.text.slice(start))![0];
  }
}

function styleOf(text: string): Style {
  return {
    eol: /\r?\n/.exec(text)?.[0] ?? '\n',
    quote: /^import\b.*(['"])/m.exec(text)?.[1] ?? "'",
    semicolon: /^import\b.*['"]\s*$/m.test(text) ? '' : ';',
    // The single blank of a comment's lines is none.
    step: /^(\t| {2,})(?=[^\s*])/m.exec(text)?.[1] ?? '  ',
  };
}
