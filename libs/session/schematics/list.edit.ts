import type ts from 'typescript';
import type { Source } from './source.js';

/** Prettier's default, which Nest's applications keep to. */
const WIDTH = 80;

/** Anything of entries with commas between them, in brackets. */
export type List = ts.ArrayLiteralExpression | ts.ObjectLiteralExpression | ts.NamedImports;

/** A file with an entry more at the end of a list. Comments stay where they are. */
export function appended(source: Source, list: List, code: string): Source {
  const entries = entriesOf(list);
  const last = entries.at(-1);
  const [start, end] = [list.getStart(source.root) + 1, list.end - 1];
  const inside = source.text.slice(start, end);
  if (!last) return source.replaced({ start, end: inside.trim() ? start : end, text: block(source, list, code) });
  if (inside.includes('\n')) return onALineOfItsOwn(source, entries, last, code);
  const text = `, ${source.written(code)}`;
  if (fits(source, list, text)) return source.replaced({ start: last.end, end: last.end, text });
  const broken = onLines(source, list, entries, last);
  return appended(broken, same(broken, list), code);
}

/** Whether there is room for something more in the list of one line. */
function fits(source: Source, list: List, text: string): boolean {
  return !text.includes('\n') && source.lineAt(list.end).length + text.length <= WIDTH;
}

function entriesOf(list: List): ts.NodeArray<ts.Node> {
  return 'properties' in list ? list.properties : list.elements;
}

/** The inside of a list that had nothing in it. */
function block(source: Source, list: List, code: string): string {
  const base = source.indentAt(list.getStart(source.root));
  const indent = source.deeper(base);
  return source.newline(indent) + source.written(code, indent) + ',' + source.newline(base);
}

function onALineOfItsOwn(source: Source, entries: ts.NodeArray<ts.Node>, last: ts.Node, code: string): Source {
  const indent = source.indentAt(last.getStart(source.root));
  const place = source.afterComments(entries.end);
  const comma = entries.hasTrailingComma ? ',' : '';
  const text = source.newline(indent) + source.written(code, indent) + comma;
  if (comma) return source.replaced({ start: place, end: place, text });
  const rest = source.text.slice(last.end, place);
  return source.replaced({ start: last.end, end: place, text: `,${rest}${text}` });
}

/** A file in which each entry of the list has a line of its own. */
function onLines(source: Source, list: List, entries: ts.NodeArray<ts.Node>, last: ts.Node): Source {
  const base = source.indentAt(list.getStart(source.root));
  const isBlank = ({ end, start }: { start: number; end: number }) => source.text.slice(start, end).trim() === '';
  const text = source.newline(source.deeper(base));
  const gaps = entries.map((entry) => ({ start: entry.pos, end: entry.getStart(source.root), text })).filter(isBlank);
  const close = { start: entries.end, end: list.end - 1 };
  const ending = { start: isBlank(close) ? close.start : close.end, end: close.end, text: source.newline(base) };
  if (entries.hasTrailingComma) return source.replaced(...gaps, ending);
  if (ending.start === last.end) return source.replaced(...gaps, { ...ending, text: `,${ending.text}` });
  return source.replaced(...gaps, { start: last.end, end: last.end, text: ',' }, ending);
}

/** The list of a file before and after an edit inside of it. */
function same(source: Source, list: List): List {
  const isSame = (node: ts.Node): node is List => node.kind === list.kind && node.pos === list.pos;
  return source.find(isSame)[0]!;
}
