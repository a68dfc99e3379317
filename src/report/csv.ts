import { stringify } from 'csv-stringify/sync';

/** What is not known or does not apply is null, and an empty cell. */
export type Cell = string | number | null;

// A lone CR or LF is no delimiter here, but a reader may take it for one.
const OPTIONS = { record_delimiter: '\r\n', escape_formulas: true, quoted_match: /[\r\n]/ };

/** How many rows are put in one piece of text. */
const ROWS_A_PIECE = 512;

/**
 * CSV as RFC 4180 has it (lines end in CR LF), the header first. A cell that a spreadsheet would run as a formula (it
 * begins with = + - @, a tab or a CR, ASCII or full width) gets a ' before it.
 *
 * @param rows each with a cell a column, in their order
 */
export function* csvLines(columns: readonly string[], rows: Iterable<readonly Cell[]>): Generator<string> {
  let waiting: (readonly Cell[])[] = [columns];
  for (const row of rows) {
    waiting.push(row);
    if (waiting.length < ROWS_A_PIECE) continue;
    yield stringify(waiting as Cell[][], OPTIONS);
    waiting = [];
  }
  if (waiting.length > 0) yield stringify(waiting as Cell[][], OPTIONS);
}

/**
 * The cells of rows that name their columns, and of one empty row where there are none.
 *
 * @param last what every row ends with
 */
export function* cellsOf<Column extends string>(
  columns: readonly Column[],
  rows: readonly Readonly<Partial<Record<Column, Cell>>>[],
  last: readonly Cell[],
): Generator<Cell[]> {
  if (rows.length === 0) yield [...emptyCells(columns), ...last];
  for (const row of rows) yield [...columns.map((column) => row[column] ?? null), ...last];
}

export function emptyCells(columns: readonly string[]): null[] {
  return columns.map(() => null);
}

export function flag(value: boolean): number {
  return value ? 1 : 0;
}
