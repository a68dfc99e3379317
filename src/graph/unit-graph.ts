/**
 * A unit's graph as the reach engine works on it, in two blobs: what its dump says, and what linking made
 * of its object. The tables node, edge, body and symbol have the same in rows, for people and for what is printed;
 * reading these row by row took most of the time of a question (measured on 3,121 units: 1.5 s of 2.6 s).
 *
 * Numbers are little-endian 32-bit ones; columns whose values fit are 16-bit or 8-bit ones.
 */

/** Where a decoded object keeps what makes its columns. */
const READER = Symbol('reader');

/** What a unit's dump says, and what was folded. */
export interface UnitDump {
  /** Node -> its name's id. */
  readonly nodeName: Numbers;
  /** Node -> 1 if a removal record names it. */
  readonly nodeRemoved: Numbers;
  /** Edges in the order of their sequence: nodes, how many lines after the edge before, ids of kinds. */
  readonly src: Numbers;
  readonly dst: Numbers;
  readonly step: Numbers;
  readonly kind: Numbers;
  /** Names that a clone record makes out of a function of another name, ascending. */
  readonly cloneNames: Numbers;
  /** Functions that were folded into others, and into which: ids of names. */
  readonly folded: Numbers;
  readonly kept: Numbers;
  /** Functions that may have been folded into what they hand on to, as only machine code tells of them. */
  readonly maybeFolded: Numbers;
}

/** What names mean in a unit after linking: its function symbols, ascending by their names' ids. */
export interface UnitLinked {
  /** Ids of the linked objects that the unit is in. */
  readonly images: Numbers;
  readonly symbolName: Numbers;
  /** Symbol -> its body, counted over the build; of a fragment its function's. */
  readonly symbolBody: Numbers;
  /** As in {@link SymbolFlags}. */
  readonly symbolFlags: Numbers;
}

export type Numbers = Int32Array | Uint16Array | Uint8Array;

/** What `symbolFlags` holds: whether the name lost, its `Role`, its binding (STB_LOCAL is 0). */
export const SymbolFlags = {
  pack: (lost: number, role: number, binding: number) => lost | (role << 1) | (binding << 4),
  isLost: (flags: number) => (flags & 1) === 1,
  role: (flags: number) => (flags >> 1) & 7,
  isLocal: (flags: number) => flags >> 4 === 0,
} as const;

const DUMP = [
  'nodeName',
  'nodeRemoved',
  'src',
  'dst',
  'step',
  'kind',
  'cloneNames',
  'folded',
  'kept',
  'maybeFolded',
] as const satisfies readonly (keyof UnitDump)[];
const LINKED = [
  'images',
  'symbolName',
  'symbolBody',
  'symbolFlags',
] as const satisfies readonly (keyof UnitLinked)[];

export function encodeDump(dump: UnitDump): Buffer {
  return encodeColumns(dump, DUMP);
}

/** The same dump with other functions that may have been folded. */
export function withMaybeFolded(dump: UnitDump, maybeFolded: Numbers): UnitDump {
  const columns = Object.fromEntries(DUMP.map((name) => [name, dump[name]])) as Record<
    keyof UnitDump,
    Numbers
  >;
  return { ...columns, maybeFolded };
}

export const decodeDump: (blob: Buffer) => UnitDump = columnDecoder(DUMP);

export function encodeLinked(linked: UnitLinked): Buffer {
  return encodeColumns(linked, LINKED);
}

export const decodeLinked: (blob: Buffer) => UnitLinked = columnDecoder(LINKED);

/** The dump's lines of edges, counted from 1: their sequence. */
export function edgeLines(step: Numbers): Int32Array {
  const lines = new Int32Array(step.length);
  let line = 0;
  for (let edge = 0; edge < step.length; edge++) {
    line += step[edge]!;
    lines[edge] = line;
  }
  return lines;
}

/** A column: how many numbers, of how many bytes each, and the numbers, filled up to a whole word. */
class BlobWriter {
  readonly #parts: Buffer[] = [];

  numbers(values: Numbers): void {
    const width = widthOf(values);
    const column =
      width === 1
        ? Uint8Array.from(values)
        : width === 2
          ? Uint16Array.from(values)
          : Int32Array.from(values);
    this.#parts.push(Buffer.from(Int32Array.of(values.length, width).buffer));
    this.#parts.push(Buffer.from(column.buffer), Buffer.alloc(-column.byteLength & 3));
  }

  finish(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

function widthOf(values: Numbers): 1 | 2 | 4 {
  let all = 0;
  for (const value of values) all |= value;
  if (all >>> 8 === 0) return 1;
  return all >>> 16 === 0 ? 2 : 4;
}

/** Columns of a blob, each made when it is asked for: of most units a question needs few. */
class BlobReader {
  readonly #buffer: ArrayBufferLike;
  readonly #words: Int32Array;
  /** Where the columns begin, in words. */
  readonly #starts: number[] = [0];
  readonly #columns: Numbers[] = [];

  constructor(blob: Buffer) {
    const aligned = blob.byteOffset % 4 === 0 ? blob : Uint8Array.from(blob);
    this.#buffer = aligned.buffer;
    this.#words = new Int32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength >> 2);
  }

  numbers(column: number): Numbers {
    this.#columns[column] ??= this.#make(this.#startOf(column));
    return this.#columns[column];
  }

  #startOf(column: number): number {
    for (let known = this.#starts.length; known <= column; known++) {
      const before = this.#starts[known - 1]!;
      const bytes = this.#words[before]! * this.#words[before + 1]!;
      this.#starts.push(before + 2 + ((bytes + 3) >> 2));
    }
    return this.#starts[column]!;
  }

  #make(at: number): Numbers {
    const length = this.#words[at]!;
    const width = this.#words[at + 1]!;
    const start = this.#words.byteOffset + at * 4 + 8;
    if (width === 1) return new Uint8Array(this.#buffer, start, length);
    return width === 2
      ? new Uint16Array(this.#buffer, start, length)
      : new Int32Array(this.#buffer, start, length);
  }
}

/** Columns by their names, in an order that decoding has to know. */
export function encodeColumns<K extends string>(
  columns: Readonly<Record<K, Numbers>>,
  names: readonly K[],
): Buffer {
  const writer = new BlobWriter();
  for (const name of names) writer.numbers(columns[name]);
  return writer.finish();
}

/** Makes a decoder of columns that {@link encodeColumns} wrote in the order of these names. */
export function columnDecoder<K extends string>(
  names: readonly K[],
): (blob: Buffer) => Readonly<Record<K, Numbers>> {
  class Columns {
    readonly [READER]: BlobReader;

    constructor(blob: Buffer) {
      this[READER] = new BlobReader(blob);
    }
  }
  names.forEach((name, column) => {
    Object.defineProperty(Columns.prototype, name, {
      get(this: Columns) {
        return this[READER].numbers(column);
      },
      enumerable: true,
    });
  });
  return (blob) => new Columns(blob) as unknown as Readonly<Record<K, Numbers>>;
}
