import type { Hunk } from './fix.js';

/** A fix's hunks on a file's old text. Lines count from 1. */
export interface Laid {
  readonly oldText: string;
  readonly newText: string;
  /** Old lines that go. */
  readonly removed: ReadonlySet<number>;
  /** Old lines after which new ones come, 0 for the top. */
  readonly insertedAfter: ReadonlySet<number>;
  /** New lines that come. */
  readonly added: ReadonlySet<number>;
  /** Of each kept old line, its new one. */
  readonly kept: ReadonlyMap<number, number>;
  /** Lines by which hunks had to be moved, where any had to. */
  readonly offsets: readonly number[];
}

/** The text is not the one that the hunk was made for. */
export interface Misfit {
  readonly misfit: 'no match' | 'several places' | 'applied';
  /** `FILE:LINE` of the hunk in the diff. */
  readonly where: string;
  /** The old line that the hunk is for. */
  readonly line: number;
}

/** Compared without what a mail or an editor changes: the carriage return. */
const plain = (line: string) => (line.endsWith('\r') ? line.slice(0, -1) : line);

/**
 * Lays hunks on the old text, where their old lines are: at the line they say, else, like patch(1) and git apply
 * (without any fuzz), at the one other place after the last hunk.
 */
export function layHunks(hunks: readonly Hunk[], text: string): Laid | Misfit {
  const lines = text.split('\n');
  const unended = lines.at(-1) !== '';
  if (!unended) lines.pop();
  const compared = lines.map(plain);
  const places: number[] = [];
  let from = 0;
  let offset = 0;
  for (const hunk of hunks) {
    const wanted = hunk.lines.filter(({ type }) => type !== '+').map((line) => plain(line.text));
    const start = hunk.oldLines === 0 ? hunk.oldStart : hunk.oldStart - 1;
    const found = findPlace(compared, wanted, start, offset, from);
    if (typeof found !== 'number') return refusal(hunks, compared, hunk, found);
    places.push(found);
    offset = found - start;
    from = found + wanted.length;
  }
  return apply(hunks, places, lines, text, unended);
}

function findPlace(
  lines: readonly string[],
  wanted: readonly string[],
  start: number,
  offset: number,
  from: number,
): number | 'no match' | 'several places' {
  const fits = (at: number) =>
    at >= from && at + wanted.length <= lines.length && wanted.every((w, i) => lines[at + i] === w);
  if (fits(start)) return start;
  if (fits(start + offset)) return start + offset;
  // Without old lines there is nothing to look for.
  if (wanted.length === 0) return 'no match';
  const others: number[] = [];
  for (let at = from; at + wanted.length <= lines.length && others.length < 2; at++)
    if (fits(at)) others.push(at);
  if (others.length > 1) return 'several places';
  return others[0] ?? 'no match';
}

/** Tells a text to which the fix was applied already from one that it is not for. */
function refusal(
  hunks: readonly Hunk[],
  lines: readonly string[],
  hunk: Hunk,
  misfit: 'no match' | 'several places',
): Misfit {
  const { where } = hunk;
  let from = 0;
  let offset = 0;
  const applied = hunks.every(({ lines: hunkLines, newStart, newLines }) => {
    const wanted = hunkLines.filter(({ type }) => type !== '-').map((line) => plain(line.text));
    const start = newLines === 0 ? newStart : newStart - 1;
    const found = findPlace(lines, wanted, start, offset, from);
    if (typeof found !== 'number') return false;
    offset = found - start;
    from = found + wanted.length;
    return wanted.length > 0;
  });
  return { misfit: applied ? 'applied' : misfit, where, line: Math.max(1, hunk.oldStart) };
}

function apply(
  hunks: readonly Hunk[],
  places: readonly number[],
  lines: readonly string[],
  oldText: string,
  unended: boolean,
): Laid {
  const removed = new Set<number>();
  const insertedAfter = new Set<number>();
  const added = new Set<number>();
  const kept = new Map<number, number>();
  const offsets = new Set<number>();
  const output: string[] = [];
  let at = 0;
  const keep = () => {
    output.push(lines[at]!);
    kept.set(++at, output.length);
  };
  hunks.forEach((hunk, i) => {
    const place = places[i]!;
    const offset = place - (hunk.oldLines === 0 ? hunk.oldStart : hunk.oldStart - 1);
    if (offset !== 0) offsets.add(offset);
    while (at < place) keep();
    for (const { type, text } of hunk.lines) {
      if (type === ' ') keep();
      else if (type === '-') removed.add(++at);
      else {
        insertedAfter.add(at);
        output.push(text);
        added.add(output.length);
      }
    }
  });
  while (at < lines.length) keep();
  const newText = output.length === 0 ? '' : output.join('\n') + (unended ? '' : '\n');
  return { oldText, newText, removed, insertedAfter, added, kept, offsets: [...offsets] };
}
