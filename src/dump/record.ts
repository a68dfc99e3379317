/**
 * The record grammar of a `-fdump-ipa-clones` dump, as GCC writes it in `dump_callgraph_transformation`
 * (gcc/cgraphclones.cc) and `symbol_table::remove_unreachable_nodes`/`cgraph_node::remove` (gcc/cgraph.cc).
 *
 * This is the careful reader of one line; `parse.ts` has the fast one, which hands over every line that is not of
 * the plain shape.
 */

/** One function of a record: the assembler name, GCC's node number, and where it is declared. */
export interface FunctionRef {
  readonly name: string;
  readonly order: number;
  readonly file: string;
  readonly line: number;
  readonly col: number;
}

/** `original`'s code went to `target`; `kind` is `inlining to` or the suffix of the clone that was made. */
export interface CloneRecord {
  readonly type: 'clone';
  readonly original: FunctionRef;
  readonly target: FunctionRef;
  readonly kind: string;
}

/** The node was removed from the call graph: no function of this node is emitted. */
export interface RemovalRecord {
  readonly type: 'removal';
  readonly node: FunctionRef;
}

export type DumpRecord = CloneRecord | RemovalRecord;

/** The kind of a record that copies code into a host instead of making a clone. */
export const INLINING = 'inlining to';

const NUMBER = /^-?\d+$/;

/**
 * Reads one line (without its line end).
 *
 * @returns the record, or what is wrong with the line
 */
export function parseRecord(text: string): DumpRecord | string {
  const fields = text.split(';');
  switch (fields[0]) {
    case 'Callgraph clone':
      return parseClone(fields.slice(1));
    case 'Callgraph removal': {
      const node = parseRef(fields.slice(1));
      return node ? { type: 'removal', node } : 'a removal record needs NAME;ORDER;FILE;LINE;COL';
    }
    default:
      return `no record: a line starts with "Callgraph clone;" or "Callgraph removal;", this one with ${excerpt(text)}`;
  }
}

function parseClone(fields: readonly string[]): CloneRecord | string {
  // Not before the sixth field: an assembler name may be `<-` for all that GCC checks.
  const arrow = fields.indexOf('<-', 5);
  if (arrow >= 0 && fields.at(-2) === 'optimization:') {
    const original = parseRef(fields.slice(0, arrow));
    const target = parseRef(fields.slice(arrow + 1, -2));
    const kind = fields.at(-1);
    if (original && target && kind) return { type: 'clone', original, target, kind };
    return 'a clone record of the old form needs NAME;ORDER;FILE;LINE;COL;<-;NAME;ORDER;FILE;LINE;COL;optimization:;KIND';
  }
  const kind = fields.at(-1);
  const readings: CloneRecord[] = [];
  let tried = 0;
  // FILE may hold semicolons, so every place where the first function can end is tried.
  for (let end = 5; kind && end <= fields.length - 6; end++) {
    if (!canEndAt(fields, end)) continue;
    if (++tried > MOST_READINGS) return AMBIGUOUS;
    const original = parseRef(fields.slice(0, end));
    const target = original && parseRef(fields.slice(end, -1));
    if (target) readings.push({ type: 'clone', original, target, kind });
  }
  const [only, ...others] = readings;
  if (!only) {
    return `a clone record needs NAME;ORDER;FILE;LINE;COL;NAME;ORDER;FILE;LINE;COL;KIND (12 fields, this line has ${fields.length + 1})`;
  }
  if (others.length === 0) return only;
  // Both functions are nearly always declared below the same oddly named directory.
  const alike = readings.filter((r) => topOf(r.original.file) === topOf(r.target.file));
  return alike.length === 1 ? alike[0]! : AMBIGUOUS;
}

const AMBIGUOUS = 'the semicolons in its file names can be read in more than one way';
/** A directory's name has a few semicolons; a line that can be read in more ways than this is no record. */
const MOST_READINGS = 64;

/** Whether LINE;COL can end before a field, and NAME;ORDER begin at it. */
function canEndAt(fields: readonly string[], end: number): boolean {
  return NUMBER.test(fields[end - 1]!) && NUMBER.test(fields[end - 2]!) && NUMBER.test(fields[end + 1]!);
}

/**
 * Reads NAME;ORDER;FILE;LINE;COL from both ends, as FILE may hold semicolons. Where it does, a name with a slash is a
 * piece of a path: assembler names hold none.
 */
function parseRef(fields: readonly string[]): FunctionRef | undefined {
  const [name] = fields;
  if (fields.length < 5 || !name || (fields.length > 5 && name.includes('/'))) return undefined;
  const order = parseInt32(fields[1]!);
  const line = parseInt32(fields.at(-2)!);
  const col = parseInt32(fields.at(-1)!);
  if (order === undefined || line === undefined || col === undefined) return undefined;
  return { name, order, file: fields.slice(2, -2).join(';'), line, col };
}

/** GCC's numbers are `int`: a larger one is damage, and must not be wrapped into the number of another node. */
function parseInt32(text: string): number | undefined {
  const value = Number(text);
  return NUMBER.test(text) && value === (value | 0) ? value | 0 : undefined;
}

function topOf(file: string): string {
  return file.replace(/^(\.\.?\/)+/, '').split('/')[0]!;
}

function excerpt(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text);
}
