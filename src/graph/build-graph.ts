/**
 * A build's emitted code as one graph, in columns over all bodies of all units: what each body is to a livepatch, who
 * calls it after linking, why it may run besides, and what is printed of it. Made once when a build is indexed, as every
 * question needs it: finding callers name by name was most of the time of a large answer.
 *
 * It is kept in parts, as an ordinary question needs few of them (measured on 75,000 bodies: reading all takes 20 ms): a
 * head, parts of so many bodies, and parts that each hold what some units' graphs are (measured on 1,044 units: in rows of
 * their own they take three times as long).
 */
import {
  columnDecoder,
  decodeDump,
  decodeLinked,
  encodeColumns,
  type Numbers,
  type UnitDump,
  type UnitLinked,
} from './unit-graph.js';

/** The build's units, and what hands on to what. */
export interface GraphHead {
  /** The ids of its units, ascending. */
  readonly unit: Numbers;
  /** Unit -> its first body; one more than there are units. */
  readonly base: Numbers;
  /** Unit -> `Away`. */
  readonly away: Numbers;
  /** Part of units -> its first unit, as a place in these columns. */
  readonly unitPart: Numbers;
  /** Trampolines, and each body that one hands on to, perhaps by others. */
  readonly trampoline: Numbers;
  readonly handsOnTo: Numbers;
  /** Bodies that functions were folded into, ascending; some of those have code of their own all the same. */
  readonly keeper: Numbers;
}

/** By body. */
export interface BodyColumns {
  /** `State`. */
  readonly state: Numbers;
  /** `Open` bits. */
  readonly open: Numbers;
  /** The only name that it has, and its symbol's flags; 0 for a body with several, and for a fragment. */
  readonly name: Numbers;
  readonly flags: Numbers;
  /** Where that name is declared: id of a path, 0 for none, and line. */
  readonly path: Numbers;
  readonly line: Numbers;
  /**
   * Who calls it, itself and trampolines left out: of body b, places `callerStart[b]` to `callerStart[b + 1] - 1`,
   * ascending.
   */
  readonly callerStart: Numbers;
  readonly caller: Numbers;
  /** How many calls the caller makes, as call graphs count them. */
  readonly callCount: Numbers;
  /** The symbols of linked objects that are its, if it has but one name: those of body b begin at `placeStart[b]`. */
  readonly placeStart: Numbers;
  /** Ids of linked objects, vmlinux first. */
  readonly placeImage: Numbers;
  /** Ids of their symbols. */
  readonly placeSymbol: Numbers;
  readonly placePosition: Numbers;
  readonly placeTotal: Numbers;
}

/** Whether a unit's binary is one that livepatch cannot reach, and whether that runs with the kernel. */
export const Away = { no: 0, runs: 1, hasRun: 2 } as const;

/** So many bodies a part, the last one but for the rest: a power of two. */
export const PART = 2048;

const HEAD = ['unit', 'base', 'away', 'unitPart', 'trampoline', 'handsOnTo', 'keeper'] as const;
const BODIES = [
  'state',
  'open',
  'name',
  'flags',
  'path',
  'line',
  'callerStart',
  'caller',
  'callCount',
  'placeStart',
  'placeImage',
  'placeSymbol',
  'placePosition',
  'placeTotal',
] as const;

export function encodeHead(head: GraphHead): Buffer {
  return encodeColumns(head, HEAD);
}

export const decodeHead: (blob: Buffer) => GraphHead = columnDecoder(HEAD);

/** The parts of a build, in their order. */
export function* encodeParts(all: BodyColumns): Generator<Buffer> {
  for (let first = 0; first < all.state.length; first += PART) {
    yield encodeColumns(partOf(all, first, Math.min(first + PART, all.state.length)), BODIES);
  }
}

export const decodePart: (blob: Buffer) => BodyColumns = columnDecoder(BODIES);

function partOf(all: BodyColumns, first: number, end: number): BodyColumns {
  const bodies = (column: Numbers) => column.subarray(first, end);
  const starts = (column: Numbers) =>
    Int32Array.from(column.subarray(first, end + 1), (start) => start - column[first]!);
  const lists = (start: Numbers) => (column: Numbers) => column.subarray(start[first], start[end]);
  const [calls, places] = [lists(all.callerStart), lists(all.placeStart)];
  return {
    state: bodies(all.state),
    open: bodies(all.open),
    name: bodies(all.name),
    flags: bodies(all.flags),
    path: bodies(all.path),
    line: bodies(all.line),
    callerStart: starts(all.callerStart),
    caller: calls(all.caller),
    callCount: calls(all.callCount),
    placeStart: starts(all.placeStart),
    placeImage: places(all.placeImage),
    placeSymbol: places(all.placeSymbol),
    placePosition: places(all.placePosition),
    placeTotal: places(all.placeTotal),
  };
}

/** How many parts of bodies a build has. */
export function partsOfBodies({ base }: GraphHead): number {
  return Math.ceil(base.at(-1)! / PART);
}

/** A unit's graph, encoded. */
export interface EncodedUnit {
  readonly dump: Buffer;
  readonly linked: Buffer;
}

/** How many bytes a part of units has at least, but for the last one. */
const UNIT_PART = 32 * 1024;

/**
 * Units in parts. Each part begins with the lengths of its units' blobs.
 *
 * @returns the parts, and the first unit of each as a place in the list
 */
export function encodeUnits(units: readonly EncodedUnit[]): { parts: Buffer[]; first: Int32Array } {
  const parts: Buffer[] = [];
  const first: number[] = [];
  for (let start = 0, end = 0; start < units.length; start = end) {
    let bytes = 0;
    for (; end < units.length && bytes < UNIT_PART; end++) {
      bytes += units[end]!.dump.length + units[end]!.linked.length;
    }
    const blobs = units.slice(start, end).flatMap(({ dump, linked }) => [dump, linked]);
    const lengths = Int32Array.from(blobs, ({ length }) => length);
    first.push(start);
    parts.push(Buffer.concat([Buffer.from(lengths.buffer), ...blobs]));
  }
  return { parts, first: Int32Array.from(first) };
}

/** Some units' graphs, each decoded when it is asked for. */
export class UnitPart {
  readonly #data: Buffer;
  /** Where each unit's two blobs begin. */
  readonly #starts: Int32Array;

  /** @param count how many units it has */
  constructor(data: Buffer, count: number) {
    this.#data = data;
    this.#starts = new Int32Array(2 * count + 1);
    this.#starts[0] = 8 * count;
    for (let at = 0; at < 2 * count; at++)
      this.#starts[at + 1] = this.#starts[at]! + data.readInt32LE(4 * at);
  }

  dump(nth: number): UnitDump {
    return decodeDump(this.dumpBytes(nth));
  }

  dumpBytes(nth: number): Buffer {
    return this.#data.subarray(this.#starts[2 * nth], this.#starts[2 * nth + 1]);
  }

  linked(nth: number): UnitLinked {
    return decodeLinked(this.#data.subarray(this.#starts[2 * nth + 1], this.#starts[2 * nth + 2]));
  }
}
