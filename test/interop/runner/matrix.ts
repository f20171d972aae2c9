import type { Adapter, Cell, NestVersion } from '../surface.js';
import type { ModuleKind } from './application.folder.js';

/** A column: an application of one kind, on one Node, and what became of its surfaces. */
export interface Column {
  readonly nest: NestVersion;
  readonly kind: ModuleKind;
  readonly node: string;
  readonly adapter: Adapter;
  readonly cells: readonly Cell[];
}

const KINDS = { commonjs: 'CJS', module: 'ESM' };

/** The matrix as text: a row for each surface; dashes and failures are told below. */
export function matrixOf(columns: readonly Column[]): string {
  const notes = new Map<string, number>();
  const rows = [
    ['', ...columns.map(({ nest }) => nest.replace('nest-', 'Nest '))],
    ['', ...columns.map(({ kind }) => KINDS[kind])],
    ['', ...columns.map(({ node }) => `Node ${node}`)],
    ['surface', ...columns.map(({ adapter }) => adapter)],
    ...(columns[0]?.cells ?? []).map((surface) => rowOf(surface, columns, notes)),
  ];
  return [table(rows), ...[...notes].map(([note, number]) => `${number}  ${note}`)].join('\n');
}

function rowOf({ file, name }: Cell, columns: readonly Column[], notes: Map<string, number>): string[] {
  const cells = columns.map((column) => column.cells.find((cell) => cell.file === file));
  return [name, ...cells.map((cell) => shown(cell, notes))];
}

function shown(cell: Cell | undefined, notes: Map<string, number>): string {
  if (cell?.state === 'ok') return 'ok';
  const note = cell?.note ?? 'was not tried';
  const number = notes.get(note) ?? notes.size + 1;
  notes.set(note, number);
  return `${cell?.state === 'fail' ? 'FAIL' : '–'} ${number}`;
}

function table(rows: readonly string[][]): string {
  const widths = rows[0]!.map((_, index) => Math.max(...rows.map((row) => row[index]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, index) => cell.padEnd(widths[index]!))
      .join('  ')
      .trimEnd(),
  );
  lines.splice(4, 0, widths.map((width) => '-'.repeat(width)).join('  '));
  return lines.join('\n');
}
