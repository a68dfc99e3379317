import { type FunctionTable, symbolName } from './function-table.js';
import { type FunctionRef, INLINING, parseRecord } from './record.js';

/** What is wrong with a line of a dump. */
export interface DumpProblem {
  /** Counted from 1. */
  readonly line: number;
  readonly what: string;
}

/**
 * A dump in columns. A node is a (NAME, ORDER) of the dump and is known by its index; an edge's sequence is its line
 * number, and edges stand in that order.
 */
export interface DumpFacts {
  /** Node -> function id of the table that the dump was parsed into. */
  readonly nodeFunction: Int32Array;
  readonly nodeOrder: Int32Array;
  /** Node -> 1 if a removal record names it. */
  readonly nodeRemoved: Uint8Array;
  readonly edgeSeq: Int32Array;
  /** Edge -> node whose code went somewhere. */
  readonly edgeSrc: Int32Array;
  /** Edge -> node where it went. */
  readonly edgeDst: Int32Array;
  /** Edge -> kind id of the table. */
  readonly edgeKind: Int32Array;
  readonly lines: number;
  /** Lines that are no record; none of them is in the columns. */
  readonly problems: readonly DumpProblem[];
}

const SEMICOLON = 0x3b;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const CLONE = Buffer.from('Callgraph clone;');
const REMOVAL = Buffer.from('Callgraph removal;');
const INLINING_BYTES = Buffer.from(INLINING);
/** Beyond this many problems a file is something else than a dump, and more of them tell nobody anything. */
const MAX_PROBLEMS = 100;

/**
 * Reads a whole dump.
 *
 * Works on bytes, since nearly every reference to a function repeats an earlier one of the same dump and then costs a
 * hash and a comparison but no string (measured on 638,612 lines: a third of the time of splitting each line).
 *
 * @param bytes the file; empty is a dump without records
 * @param table gains the functions, paths and kinds that it does not have yet
 */
export function parseDump(bytes: Buffer, table: FunctionTable): DumpFacts {
  return new DumpParser(bytes, table).parse();
}

class DumpParser {
  readonly #bytes: Buffer;
  readonly #table: FunctionTable;
  readonly #nodes: NodeTable;
  readonly #inlining: number;
  #edgeSeq: Int32Array;
  #edgeSrc: Int32Array;
  #edgeDst: Int32Array;
  #edgeKind: Int32Array;
  #edges = 0;
  /** Where the reference that was read last ended. */
  #end = 0;
  /** What a line says of nodes not met before: they count only once the whole line has turned out to be a record. */
  readonly #first = new Mention();
  readonly #second = new Mention();

  constructor(bytes: Buffer, table: FunctionTable) {
    this.#bytes = bytes;
    this.#table = table;
    this.#nodes = new NodeTable(bytes, table);
    this.#inlining = table.kind(INLINING);
    // A clone record takes at least 36 bytes (FILE may be empty), so the columns never have to grow.
    const most = Math.ceil(bytes.length / 36) + 1;
    this.#edgeSeq = new Int32Array(most);
    this.#edgeSrc = new Int32Array(most);
    this.#edgeDst = new Int32Array(most);
    this.#edgeKind = new Int32Array(most);
  }

  parse(): DumpFacts {
    const bytes = this.#bytes;
    const length = bytes.length;
    const problems: DumpProblem[] = [];
    let line = 0;
    let pos = 0;
    while (pos < length) {
      line++;
      const next = this.#fast(pos, line);
      if (next > 0) {
        pos = next;
        continue;
      }
      let end = bytes.indexOf(NEWLINE, pos);
      const cutOff = end < 0;
      if (cutOff) end = length;
      const what = cutOff
        ? 'the dump ends in the middle of a line'
        : this.#careful(bytes.toString('utf8', pos, bytes[end - 1] === RETURN ? end - 1 : end), line);
      if (what !== undefined && problems.length < MAX_PROBLEMS) problems.push({ line, what });
      pos = end + 1;
    }
    return {
      ...this.#nodes.columns(),
      edgeSeq: this.#edgeSeq.slice(0, this.#edges),
      edgeSrc: this.#edgeSrc.slice(0, this.#edges),
      edgeDst: this.#edgeDst.slice(0, this.#edges),
      edgeKind: this.#edgeKind.slice(0, this.#edges),
      lines: line,
      problems,
    };
  }

  /** Reads a line of the plain shape: one semicolon between fields and none inside. Gives the next line's start, or 0. */
  #fast(pos: number, line: number): number {
    const bytes = this.#bytes;
    if (startsWith(bytes, CLONE, pos)) {
      const known = this.#reference(pos + CLONE.length, this.#first);
      if (known === NO_REFERENCE || bytes[this.#end] !== SEMICOLON) return 0;
      const knownTarget = this.#reference(this.#end + 1, this.#second);
      if (knownTarget === NO_REFERENCE || bytes[this.#end] !== SEMICOLON) return 0;
      const start = this.#end + 1;
      let end = start + INLINING_BYTES.length;
      let kind = this.#inlining;
      if (bytes[end] !== NEWLINE || !startsWith(bytes, INLINING_BYTES, start)) {
        end = bytes.indexOf(NEWLINE, start);
        if (end <= start || bytes[end - 1] === RETURN) return 0;
        const text = bytes.toString('utf8', start, end);
        if (text.includes(';')) return 0;
        kind = this.#table.kind(text);
      }
      const original = known === NEW ? this.#nodes.add(this.#first) : known;
      this.#addEdge(line, original, knownTarget === NEW ? this.#nodes.add(this.#second) : knownTarget, kind);
      return end + 1;
    }
    if (startsWith(bytes, REMOVAL, pos)) {
      const known = this.#reference(pos + REMOVAL.length, this.#first);
      if (known === NO_REFERENCE || bytes[this.#end] !== NEWLINE) return 0;
      this.#nodes.removed(known === NEW ? this.#nodes.add(this.#first) : known);
      return this.#end + 1;
    }
    return 0;
  }

  /**
   * Reads NAME;ORDER;FILE;LINE;COL at `pos` and sets `#end` behind it.
   *
   * @returns the node; NEW for one not met before, which `mention` then describes; NO_REFERENCE for another shape
   */
  #reference(pos: number, mention: Mention): number {
    const bytes = this.#bytes;
    let hash = 0;
    let at = pos;
    let byte = bytes[at];
    while (byte !== SEMICOLON) {
      if (byte === undefined || byte === NEWLINE) return NO_REFERENCE;
      hash = (Math.imul(hash, 31) + byte) | 0;
      byte = bytes[++at];
    }
    const nameEnd = at;
    if (nameEnd === pos) return NO_REFERENCE;
    let order = 0;
    byte = bytes[++at];
    while (byte !== SEMICOLON) {
      if (byte === undefined || byte < 0x30 || byte > 0x39) return NO_REFERENCE;
      order = order * 10 + byte - 0x30;
      byte = bytes[++at];
    }
    if (at === nameEnd + 1 || order > 0x7fffffff) return NO_REFERENCE;
    const place = at + 1;
    hash = (Math.imul(hash, 31) + order) | 0;
    const slot = this.#nodes.slot(hash, pos, nameEnd, order);
    const known = this.#nodes.at(slot);
    if (known >= 0) {
      const end = this.#nodes.samePlace(known, place);
      if (end > 0) {
        this.#end = end;
        return known;
      }
    }
    at = place;
    byte = bytes[at];
    while (byte !== SEMICOLON) {
      if (byte === undefined || byte === NEWLINE) return NO_REFERENCE;
      byte = bytes[++at];
    }
    if (at === place) return NO_REFERENCE;
    at = this.#digits(at + 1);
    if (bytes[at] !== SEMICOLON) return NO_REFERENCE;
    const end = this.#digits(at + 1);
    if (end < 0) return NO_REFERENCE;
    this.#end = end;
    if (known >= 0) return known;
    mention.hash = hash;
    mention.nameStart = pos;
    mention.nameEnd = nameEnd;
    mention.order = order;
    mention.place = place;
    mention.end = end;
    return NEW;
  }

  /** The end of the digits at `pos`, or -1 where there is none. */
  #digits(pos: number): number {
    const bytes = this.#bytes;
    let at = pos;
    while (bytes[at]! >= 0x30 && bytes[at]! <= 0x39) at++;
    return at === pos || at > pos + 9 ? -1 : at;
  }

  /** Reads a line of any shape. Gives what is wrong with it. */
  #careful(text: string, line: number): string | undefined {
    const record = parseRecord(text);
    if (typeof record === 'string') return record;
    if (record.type === 'removal') {
      this.#nodes.removed(this.#node(record.node));
    } else {
      const original = this.#node(record.original);
      this.#addEdge(line, original, this.#node(record.target), this.#table.kind(record.kind));
    }
    return undefined;
  }

  #node(ref: FunctionRef): number {
    return this.#nodes.byText(ref);
  }

  #addEdge(seq: number, src: number, dst: number, kind: number): void {
    const at = this.#edges++;
    this.#edgeSeq[at] = seq;
    this.#edgeSrc[at] = src;
    this.#edgeDst[at] = dst;
    this.#edgeKind[at] = kind;
  }
}

/** What `#reference` gives where it gives no node. */
const NO_REFERENCE = -1;
const NEW = -2;

/** A reference to a node not met before: where its parts stand in the file. */
class Mention {
  hash = 0;
  nameStart = 0;
  nameEnd = 0;
  order = 0;
  place = 0;
  end = 0;
}

/** The nodes of one dump, found by the bytes of their first mention (open addressing, linear probing). */
class NodeTable {
  readonly #bytes: Buffer;
  readonly #table: FunctionTable;
  #slots = new Int32Array(1024).fill(-1);
  readonly #hash: number[] = [];
  readonly #order: number[] = [];
  readonly #function: number[] = [];
  readonly #removed: number[] = [];
  /** Where the first mention's name and place stand; -1 for nodes that the careful reader met first. */
  readonly #nameStart: number[] = [];
  readonly #nameEnd: number[] = [];
  readonly #placeStart: number[] = [];
  readonly #placeEnd: number[] = [];
  /** `NAME;ORDER` -> node, made when the careful reader first asks. */
  #byText: Map<string, number> | undefined;

  constructor(bytes: Buffer, table: FunctionTable) {
    this.#bytes = bytes;
    this.#table = table;
  }

  /** The slot that holds the node, or the free one where it belongs. */
  slot(hash: number, nameStart: number, nameEnd: number, order: number): number {
    const mask = this.#slots.length - 1;
    let slot = mix(hash) & mask;
    for (;;) {
      const node = this.#slots[slot]!;
      if (node < 0) return slot;
      if (
        this.#hash[node] === hash &&
        this.#order[node] === order &&
        this.#nameEnd[node]! - this.#nameStart[node]! === nameEnd - nameStart &&
        sameBytes(this.#bytes, this.#nameStart[node]!, nameStart, nameEnd - nameStart)
      ) {
        return slot;
      }
      slot = (slot + 1) & mask;
    }
  }

  at(slot: number): number {
    return this.#slots[slot]!;
  }

  /** The end of the place at `pos` if it is written as at the node's first mention, else 0. */
  samePlace(node: number, pos: number): number {
    const start = this.#placeStart[node]!;
    const length = this.#placeEnd[node]! - start;
    if (!sameBytes(this.#bytes, start, pos, length)) return 0;
    const end = pos + length;
    const after = this.#bytes[end];
    return after === SEMICOLON || after === NEWLINE ? end : 0;
  }

  /** The mentioned node, made unless the same line has just made it. */
  add({ hash, nameStart, nameEnd, order, place, end }: Mention): number {
    const slot = this.slot(hash, nameStart, nameEnd, order);
    if (this.#slots[slot]! >= 0) return this.#slots[slot]!;
    const bytes = this.#bytes;
    const name = bytes.toString('utf8', nameStart, nameEnd);
    if (this.#byText) {
      const met = this.#byText.get(`${symbolName(name)};${order}`);
      if (met !== undefined) return met;
    }
    const node = this.#append(this.#table.function(name, bytes.toString('utf8', place, end)), order);
    this.#hash[node] = hash;
    this.#nameStart[node] = nameStart;
    this.#nameEnd[node] = nameEnd;
    this.#placeStart[node] = place;
    this.#placeEnd[node] = end;
    this.#byText?.set(`${symbolName(name)};${order}`, node);
    this.#slots[slot] = node;
    if (this.#order.length * 2 > this.#slots.length) this.#grow();
    return node;
  }

  byText(ref: FunctionRef): number {
    if (!this.#byText) {
      this.#byText = new Map();
      for (let node = 0; node < this.#order.length; node++) {
        const name = this.#table.names[this.#table.functions[this.#function[node]! * 4]!]!;
        this.#byText.set(`${name};${this.#order[node]}`, node);
      }
    }
    const key = `${symbolName(ref.name)};${ref.order}`;
    let node = this.#byText.get(key);
    if (node === undefined) {
      node = this.#append(this.#table.function(ref.name, `${ref.file};${ref.line};${ref.col}`), ref.order);
      this.#byText.set(key, node);
    }
    return node;
  }

  removed(node: number): void {
    this.#removed[node] = 1;
  }

  columns() {
    return {
      nodeFunction: Int32Array.from(this.#function),
      nodeOrder: Int32Array.from(this.#order),
      nodeRemoved: Uint8Array.from(this.#removed),
    };
  }

  #append(functionId: number, order: number): number {
    const node = this.#order.length;
    this.#function.push(functionId);
    this.#order.push(order);
    this.#removed.push(0);
    this.#hash.push(0);
    this.#nameStart.push(-1);
    this.#nameEnd.push(-1);
    this.#placeStart.push(0);
    this.#placeEnd.push(0);
    return node;
  }

  #grow(): void {
    const slots = new Int32Array(this.#slots.length * 4).fill(-1);
    const mask = slots.length - 1;
    for (let node = 0; node < this.#order.length; node++) {
      if (this.#nameStart[node]! < 0) continue;
      let slot = mix(this.#hash[node]!) & mask;
      while (slots[slot]! >= 0) slot = (slot + 1) & mask;
      slots[slot] = node;
    }
    this.#slots = slots;
  }
}

function mix(hash: number): number {
  return hash ^ (hash >>> 15);
}

function startsWith(bytes: Buffer, prefix: Buffer, pos: number): boolean {
  for (let i = 0; i < prefix.length; i++) if (bytes[pos + i] !== prefix[i]) return false;
  return true;
}

function sameBytes(bytes: Buffer, a: number, b: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (bytes[a + i] !== bytes[b + i]) return false;
  return true;
}
