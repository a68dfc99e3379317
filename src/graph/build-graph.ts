/**
 * A build's emitted code as one graph, in columns over all bodies of all units: what each body is to a livepatch, who
 * calls it after linking, why it may run besides, and what is printed of it. Made once when a build is indexed, as every
 * question needs it: finding callers name by name was most of the time of a large answer.
 *
 * It is kept in parts, as an ordinary question needs few of them (measured on 75,000 bodies: reading all takes 20 ms).
 */
import { columnDecoder, encodeColumns, type Numbers } from './unit-graph.js';

/** The build's units, and what hands on to what. */
export interface GraphHead {
  /** The ids of its units, ascending. */
  readonly unit: Numbers;
  /** Unit -> its first body; one more than there are units. */
  readonly base: Numbers;
  /** Unit -> `Away`. */
  readonly away: Numbers;
  /** Trampolines, and each body that one hands on to, perhaps by others. */
  readonly trampoline: Numbers;
  readonly handsOnTo: Numbers;
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

const HEAD = ['unit', 'base', 'away', 'trampoline', 'handsOnTo'] as const;
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
