import type { Colours } from './terminal.js';
import { visible } from './visible.js';

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'magenta' | 'cyan';

/** Text that no line break may cut, such as a name. */
export interface Cell {
  readonly text: string;
  readonly style?: Style;
  /** Columns between it and the cell before. */
  readonly gap?: number;
}

/** What is between cells that do not say it. */
const GAP = 2;

/** Lays text out in lines that fit a width; nothing is broken but at spaces of prose and between cells. */
export class Page {
  readonly width: number;
  readonly #colours: Colours;

  constructor(width: number, colours: Colours) {
    this.width = width;
    this.#colours = colours;
  }

  /**
   * Cells beside each other, each at its stop where there is room; see {@link placeOf}.
   *
   * @param stops the column of each cell
   * @param hang the column of what goes to another line
   */
  row(cells: readonly Cell[], stops: readonly number[], hang: number): string[] {
    const lines: string[] = [];
    let line = '';
    let at = 0;
    for (let column = 0; column < cells.length; column++) {
      const { text: plain, style, gap } = cells[column]!;
      if (plain === '') continue;
      const text = visible(plain);
      const placed = placeOf(text.length, at, stops[column] ?? 0, this.width, hang, gap);
      const start = placed < 0 ? ~placed : placed;
      if (placed < 0) {
        lines.push(line);
        line = '';
        at = 0;
      }
      line += ' '.repeat(start - at) + this.#paint(text, style);
      at = start + text.length;
    }
    if (line !== '') lines.push(line);
    return lines;
  }

  /** A text, wrapped at its spaces, or words that may hold spaces, wrapped between them. */
  *prose(text: string | readonly string[], indent = 0, style?: Style, hang = indent): Generator<string> {
    let line = '';
    let start = indent;
    for (const word of typeof text === 'string' ? visible(text).split(' ') : text.map(visible)) {
      if (line !== '' && start + line.length + 1 + word.length > this.width) {
        yield ' '.repeat(start) + this.#paint(line, style);
        line = '';
        start = Math.max(0, Math.min(hang, this.width - word.length));
      }
      line += line === '' ? word : ` ${word}`;
    }
    if (line !== '') yield ' '.repeat(start) + this.#paint(line, style);
  }

  #paint(text: string, style: Style | undefined): string {
    return style === undefined ? text : this.#colours[style](text);
  }
}

/**
 * Where a cell stands that is not empty: at its stop, or behind the cell before where that reaches further. One that would
 * pass the end of the line is moved to the left as far as it can be, and else goes to another line.
 *
 * @param at where the cell before ends; 0 for none
 * @returns the column; `~column` on another line
 */
function placeOf(length: number, at: number, stop: number, width: number, hang: number, gap = GAP): number {
  const behind = at === 0 ? 0 : at + gap;
  if (at > 0 && behind + length > width) return ~Math.max(0, Math.min(hang, width - length));
  return Math.max(behind, Math.min(stop, width - length));
}

/** What stands under a row of a table is so far to the right. */
export const HANG = 8;

/**
 * The stop of each column of a table. A column is as wide as its widest cell, unless rows then pass the end of the line:
 * there the objects and the names are cut where the fewest cells come out of line.
 *
 * @param flexible the column of names; the one before it may be cut too, and what follows the third after it has no stop
 */
export function columnStops(
  rows: readonly (readonly Cell[])[],
  indent: number,
  width: number,
  flexible: number,
): number[] {
  const lengths = rows.map((cells) => cells.map(({ text }) => visible(text).length));
  const widest = Array.from({ length: flexible + 3 }, (_, column) => widestOf(lengths, column));
  let best = stopsOf(widest, indent);
  let least = costOf(lengths, best, width, Number.POSITIVE_INFINITY);
  if (least === 0) return best;
  for (const name of cutsOf(lengths, flexible)) {
    for (const object of flexible === 0 ? [0] : cutsOf(lengths, flexible - 1)) {
      const cut = widest.with(flexible, name);
      if (flexible > 0) cut[flexible - 1] = object;
      const stops = stopsOf(cut, indent);
      const cost = costOf(lengths, stops, width, least);
      if (cost < least) [best, least] = [stops, cost];
    }
  }
  return best;
}

function widestOf(lengths: readonly (readonly number[])[], column: number): number {
  return lengths.reduce((most, cells) => Math.max(most, cells[column] ?? 0), 0);
}

/** The widths that a column's cells have. */
function cutsOf(lengths: readonly (readonly number[])[], column: number): number[] {
  return [...new Set(lengths.map((cells) => cells[column] ?? 0))];
}

function stopsOf(widths: readonly number[], indent: number): number[] {
  let at = indent;
  return widths.map((width) => {
    const stop = at;
    if (width > 0) at += width + GAP;
    return stop;
  });
}

/** How many cells do not stand at their stops; one on another line counts more. Counting ends at `most`. */
function costOf(
  lengths: readonly (readonly number[])[],
  stops: readonly number[],
  width: number,
  most: number,
): number {
  let cost = 0;
  for (const cells of lengths) {
    let at = 0;
    for (let column = 0; column < cells.length; column++) {
      const length = cells[column]!;
      if (length === 0) continue;
      const placed = placeOf(length, at, stops[column] ?? 0, width, HANG);
      if (placed < 0) cost += 3;
      else if (column < stops.length && placed !== stops[column]) cost += 1;
      at = (placed < 0 ? ~placed : placed) + length;
    }
    if (cost >= most) break;
  }
  return cost;
}
