/**
 * A unit's graph as the reach engine works on it, in two blobs: what its dump and call graph say, and what linking made
 * of its object. The tables node, edge, call, body and symbol have the same in rows, for people and for what is printed;
 * reading these row by row took most of the time of a question (measured on 3,121 units: 1.5 s of 2.6 s).
 *
 * Numbers are little-endian 32-bit ones; columns whose values fit are 16-bit or 8-bit ones.
 */

/** What a unit's dump and its call graph say. */
export interface UnitDump {
  /** Node -> its name's id. */
  readonly nodeName: Int32Array;
  /** Node -> 1 if a removal record names it. */
  readonly nodeRemoved: Uint8Array;
  /** Edges in the order of their sequence: nodes, how many lines after the edge before, ids of kinds. */
  readonly src: Numbers;
  readonly dst: Numbers;
  readonly step: Numbers;
  readonly kind: Numbers;
  /** Names that a clone record makes out of a function of another name, ascending. */
  readonly cloneNames: Numbers;
  /** Calls: ids of names. */
  readonly caller: Numbers;
  readonly callee: Numbers;
  /** Functions that were folded into others, and into which: ids of names. */
  readonly folded: Numbers;
  readonly kept: Numbers;
}

/** What linking made of a unit's object; empty where no object was read. */
export interface UnitLinked {
  /** Ids of the linked objects that it is in. */
  readonly images: Numbers;
  /** Function symbols, ascending by their names' ids: name, body, flags as in {@link SymbolFlags}. */
  readonly symbolName: Numbers;
  readonly symbolBody: Numbers;
  readonly symbolFlags: Numbers;
  /** Body -> the body that it is a part of. */
  readonly owner: Numbers;
  /** Body -> twice its `Lifetime` of symbols/section-lifetime.ts, and 1 if ftrace can redirect it. */
  readonly fate: Numbers;
}

export type Numbers = Int32Array | Uint16Array | Uint8Array;

/** What `symbolFlags` holds: whether the name lost, its `Role`, its binding (STB_LOCAL is 0). */
export const SymbolFlags = {
  pack: (lost: number, role: number, binding: number) => lost | (role << 1) | (binding << 4),
  isLost: (flags: number) => (flags & 1) === 1,
  role: (flags: number) => (flags >> 1) & 7,
  isLocal: (flags: number) => flags >> 4 === 0,
} as const;

export function encodeDump(dump: UnitDump): Buffer {
  const writer = new BlobWriter();
  writer.numbers(Int32Array.from(dump.nodeName, (name, node) => name * 2 + dump.nodeRemoved[node]!));
  writer.numbers(dump.src);
  writer.numbers(dump.dst);
  writer.numbers(dump.step);
  writer.numbers(dump.kind);
  writer.numbers(dump.cloneNames);
  writer.numbers(dump.caller);
  writer.numbers(dump.callee);
  writer.numbers(dump.folded);
  writer.numbers(dump.kept);
  return writer.finish();
}

export function decodeDump(blob: Buffer): UnitDump {
  const reader = new BlobReader(blob);
  const nodes = reader.numbers();
  const nodeName = new Int32Array(nodes.length);
  const nodeRemoved = new Uint8Array(nodes.length);
  for (let node = 0; node < nodes.length; node++) {
    nodeName[node] = nodes[node]! >>> 1;
    nodeRemoved[node] = nodes[node]! & 1;
  }
  return {
    nodeName,
    nodeRemoved,
    src: reader.numbers(),
    dst: reader.numbers(),
    step: reader.numbers(),
    kind: reader.numbers(),
    cloneNames: reader.numbers(),
    caller: reader.numbers(),
    callee: reader.numbers(),
    folded: reader.numbers(),
    kept: reader.numbers(),
  };
}

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

export function encodeLinked(linked: UnitLinked): Buffer {
  const writer = new BlobWriter();
  writer.numbers(linked.images);
  writer.numbers(linked.symbolName);
  writer.numbers(linked.symbolBody);
  writer.numbers(linked.symbolFlags);
  writer.numbers(linked.owner);
  writer.numbers(linked.fate);
  return writer.finish();
}

export function decodeLinked(blob: Buffer): UnitLinked {
  const reader = new BlobReader(blob);
  return {
    images: reader.numbers(),
    symbolName: reader.numbers(),
    symbolBody: reader.numbers(),
    symbolFlags: reader.numbers(),
    owner: reader.numbers(),
    fate: reader.numbers(),
  };
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

class BlobReader {
  readonly #blob: Buffer;
  #at = 0;

  constructor(blob: Buffer) {
    this.#blob = blob.byteOffset % 4 === 0 ? blob : Buffer.from(Uint8Array.from(blob).buffer);
  }

  numbers(): Numbers {
    const { buffer, byteOffset } = this.#blob;
    const [length, width] = new Int32Array(buffer, byteOffset + this.#at, 2) as unknown as [number, number];
    const start = byteOffset + this.#at + 8;
    this.#at += 8 + ((length * width + 3) & ~3);
    if (width === 1) return new Uint8Array(buffer, start, length);
    return width === 2 ? new Uint16Array(buffer, start, length) : new Int32Array(buffer, start, length);
  }
}
