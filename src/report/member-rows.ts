import { type Member, symposOf } from '../reach/answer.js';
import type { Listed, Shown } from './answer-view.js';
import { chainWords } from './chain-text.js';
import { type Cell, columnStops, HANG, type Style } from './page.js';
import { ALSO_TEXT, alsoText } from './sentences.js';
import type { Telling } from './telling.js';

const INDENT = 2;
/** More names of one body than this stand on a line of their own. */
const ALSO_WIDTH = 40;

/** Prose, or words that no line break may cut. */
export type Note = string | readonly string[];

/** A line of a table, and what stands under it. */
export interface Row {
  readonly member: Member;
  readonly cells: readonly Cell[];
  readonly notes: readonly Note[];
  /** Where its chain is told. */
  readonly shown?: Shown;
}

/** A function to replace: object, name, sympos where it is needed, where it is declared; a row a place. */
export function patchRows(shown: Shown): Row[] {
  const { member } = shown;
  return placeCells(member, 'green').map((cells) => ({ member, cells, notes: [], shown }));
}

/** Object, name, sympos and where it is declared, of each place. */
export function placeCells(member: Member, style: Style): Cell[][] {
  const cells = (object: string, sympos: string): Cell[] => [
    { text: object },
    { text: member.name, style },
    { text: sympos, style: 'yellow' },
    ...whereCells(member),
  ];
  if (member.places.length === 0) return [cells(objectOf(member), '')];
  return member.places.map((place) =>
    cells(place.object, place.total === 1 ? '' : `sympos ${symposOf(place)}`),
  );
}

/** vmlinux first, then modules by name; the order of the sources within. */
export function sortForPatch<T extends { readonly member: Member }>(list: Iterable<T>): T[] {
  const keyed = Array.from(list, (item) => {
    const { unit, line, name } = item.member;
    const object = objectOf(item.member);
    return { item, object: object === 'vmlinux' ? '' : object, source: unit.source, line, name };
  });
  keyed.sort(
    (a, b) =>
      compare(a.object, b.object) ||
      compare(a.source, b.source) ||
      a.line - b.line ||
      compare(a.name, b.name),
  );
  return keyed.map(({ item }) => item);
}

/** A name in a list: every module calls its first function `init_module` and its last one `cleanup_module`. */
export function listName({ name, aliases }: Member): string {
  const says = name !== 'init_module' && name !== 'cleanup_module';
  return says || aliases.length === 0 ? name : `${name} (${aliases.join(', ')})`;
}

export function objectOf(member: Member): string {
  const { images, image } = member.unit;
  // A unit's symbols are in its own linked objects alone.
  return (images.length === 1 ? image : (member.places[0]?.object ?? image)) ?? '?';
}

/** Where a member is declared, the unit whose code it is if that is another file, and its other names. */
export function whereCells(member: Member): Cell[] {
  const { file, line, unit } = member;
  const declared = file === '' ? unit.source : line === 0 ? file : `${file}:${line}`;
  const inside = file === '' || file === unit.source ? '' : `in ${unit.source}`;
  const also = alsoText(member);
  return [
    { text: declared, style: 'dim' },
    { text: inside, style: 'dim' },
    { text: also.length <= ALSO_WIDTH ? also : '', style: 'yellow' },
  ];
}

/** Items that are measured to lay a table out, from all over it: a list can be very long. */
const MOST_MEASURED = 400;

/**
 * A table that is made as it is read.
 *
 * @param flexible the column of names; after it stand three more that are aligned at most
 */
export function* table<T>(
  list: Listed<T>,
  rowsOf: (item: T) => readonly Row[],
  flexible: number,
  telling: Telling,
): Generator<string> {
  const { page } = telling;
  const every = Math.ceil(list.length / MOST_MEASURED);
  const some = Array.from({ length: Math.ceil(list.length / every) }, (_, nth) => list.at(nth * every)!);
  const cells = some.flatMap((item) => rowsOf(item).map((row) => row.cells));
  const stops = columnStops(cells, INDENT, page.width, flexible);
  let hasAlso = false;
  for (const item of list) {
    for (const row of rowsOf(item)) {
      if (row.member.aliases.length + row.member.folded.length > 0) hasAlso = true;
      yield* rowLines(row, stops, telling);
    }
  }
  if (hasAlso) yield* page.prose(`also: ${ALSO_TEXT}`, INDENT, 'dim');
}

function* rowLines(
  { member, cells, notes, shown }: Row,
  stops: readonly number[],
  telling: Telling,
): Generator<string> {
  const { page } = telling;
  yield* page.row(cells, stops, HANG);
  const also = alsoText(member);
  if (also.length > ALSO_WIDTH) yield* page.prose(also, HANG, 'yellow');
  for (const note of notes) yield* page.prose(note, HANG, undefined, HANG + 2);
  if (telling.why && shown) yield* chainLines(shown, telling);
}

/** How an answer came to a member; nothing for the function that was asked for. */
function* chainLines({ unit, place, member }: Shown, { page, direction }: Telling): Generator<string> {
  if (!member.step) return;
  yield* page.prose(chainWords(unit.members, place, direction), HANG, 'dim', HANG + 2);
}

export function* heading(text: string, { page }: Telling, style: Style = 'bold'): Generator<string> {
  yield* page.prose(text, 0, style, INDENT);
}

export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
