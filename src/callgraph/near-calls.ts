import {
  type Elf,
  type ElfSection,
  EM_386,
  EM_X86_64,
  SHF_EXECINSTR,
  SHT_REL,
  SHT_RELA,
} from '../elf/index.js';
import type { Bodies } from '../symbols/bodies.js';
import { type BranchReader, branchReaderOf } from './near-branches.js';
import { opcodesOf } from './x86-walk.js';

/** Calls that the assembler could settle itself, by places among the bodies: what no relocation tells. */
export interface NearCalls {
  readonly caller: readonly number[];
  readonly callee: readonly number[];
  /** Whether each is an instruction; else they are what bytes look like, and a disassembler has to be asked. */
  readonly isCertain: boolean;
}

/** The same, and addresses that are taken so. */
export interface NearReferences extends NearCalls {
  readonly addressBy: readonly number[];
  readonly addressTarget: readonly number[];
  /** Bodies that code without a function symbol refers to (a label of inline assembly), and the index of its section. */
  readonly namelessTarget: readonly number[];
  readonly namelessSection: readonly number[];
}

/**
 * Calls and jumps from one function to the entry of another one in the same section, and instructions that take the
 * address of that entry (`lea`, `adr`, `larl`). GCC has relocations for its own; of inline assembly the assembler settles
 * them.
 *
 * Of x86 code bytes are looked for that look like one, which nearly always are one (measured on 39,593 calls of compiled code: 7 are
 * not), and then the instructions of the function around are walked. Code that is not known is taken for what it looks
 * like.
 *
 * @param isSought bodies to which references are looked for
 */
export function nearReferences(
  elf: Elf,
  { bodies }: Bodies,
  isSought: (body: number) => boolean,
): NearReferences {
  const found = new Found(bodies.owner);
  const isX86 = elf.machine === EM_X86_64 || elf.machine === EM_386;
  const branches = branchReaderOf(elf.machine, elf.littleEndian);
  if (!isX86 && !branches) return found;
  const { sectionIndex } = bodies;
  for (let first = 0, next = 0; first < sectionIndex.length; first = next) {
    const section = elf.sections[sectionIndex[first]!]!;
    for (next = first; sectionIndex[next] === section.index; ) next++;
    if ((section.flags & SHF_EXECINSTR) === 0) continue;
    const entries = new Map<number, number>();
    for (let body = first; body < next; body++) {
      if (isSought(body)) entries.set(bodies.value[body]!, body);
    }
    if (entries.size === 0) continue;
    const scan = new SectionScan(elf, section, { bodies, first, next }, found);
    if (branches) scan.walk(entries, branches);
    else scan.scan(entries);
  }
  return found;
}

/** Pairs of bodies, each once. */
class Found implements NearReferences {
  readonly caller: number[] = [];
  readonly callee: number[] = [];
  readonly addressBy: number[] = [];
  readonly addressTarget: number[] = [];
  readonly namelessTarget: number[] = [];
  readonly namelessSection: number[] = [];
  isCertain = true;
  readonly #owner: Int32Array;
  readonly #calls = new Set<number>();
  readonly #addresses = new Set<number>();

  constructor(owner: Int32Array) {
    this.#owner = owner;
  }

  hasCall(within: number, to: number): boolean {
    const from = this.#owner[within]!;
    return from === to || this.#owner[to] !== to || this.#calls.has(from * PAIR + to);
  }

  hasAddress(within: number, to: number): boolean {
    return this.#addresses.has(this.#owner[within]! * PAIR + to);
  }

  addCall(within: number, to: number, isCertain: boolean): void {
    const from = this.#owner[within]!;
    this.#calls.add(from * PAIR + to);
    this.caller.push(from);
    this.callee.push(to);
    if (!isCertain) this.isCertain = false;
  }

  /** What stands between functions refers to one. */
  addNameless(section: number, to: number): void {
    const target = this.#owner[to]!;
    if (this.namelessTarget.includes(target)) return;
    this.namelessTarget.push(target);
    this.namelessSection.push(section);
  }

  addAddress(within: number, to: number): void {
    const from = this.#owner[within]!;
    this.#addresses.add(from * PAIR + to);
    this.addressBy.push(from);
    this.addressTarget.push(to);
  }
}

/** What looks like a reference: where its opcode and its field are, and the body that it is to. */
interface Seen {
  readonly at: number;
  readonly field: number;
  readonly to: number;
  readonly isAddress: boolean;
}

/** The bodies of one section: a range of those of an object. */
interface SectionBodies {
  readonly bodies: Bodies['bodies'];
  readonly first: number;
  readonly next: number;
}

class SectionScan {
  readonly #elf: Elf;
  readonly #section: ElfSection;
  readonly #of: SectionBodies;
  readonly #found: Found;
  readonly #bytes: Uint8Array;
  /** The body around what is looked at, or the last one before it. */
  #within: number;
  /** Where the range begins whose opcodes these are. */
  #walked = -1;
  #opcodes: Uint8Array | undefined;
  #relocated: ReadonlySet<number> | undefined;

  constructor(elf: Elf, section: ElfSection, of: SectionBodies, found: Found) {
    this.#elf = elf;
    this.#section = section;
    this.#of = of;
    this.#found = found;
    this.#bytes = elf.sectionBytes(section);
    this.#within = of.first;
  }

  /** @param entries offsets of bodies that are sought */
  scan(entries: ReadonlyMap<number, number>): void {
    const bytes = this.#bytes;
    for (let at = 0; at + 2 <= bytes.length; at++) {
      const byte = bytes[at]!;
      if (isShortJump(byte)) {
        const to = entries.get(at + 2 + ((bytes[at + 1]! << 24) >> 24));
        if (to !== undefined) this.#take({ at, field: at + 1, to, isAddress: false });
        continue;
      }
      if (byte < 0x80 || (byte > 0x8f && (byte & 0xfe) !== 0xe8) || at + 5 > bytes.length) continue;
      const isLea = byte === 0x8d && (bytes[at + 1]! & 0xc7) === 0x05;
      const isJump = byte <= 0x8f && at > 0 && bytes[at - 1] === 0x0f;
      if (byte !== 0xe8 && byte !== 0xe9 && !isJump && !isLea) continue;
      const field = at + (isLea ? 2 : 1);
      if (field + 4 > bytes.length) continue;
      const distance =
        bytes[field]! | (bytes[field + 1]! << 8) | (bytes[field + 2]! << 16) | (bytes[field + 3]! << 24);
      // A field that is relocated holds nothing yet, nearly always.
      if (distance === 0) continue;
      const to = entries.get(field + 4 + distance);
      if (to === undefined) continue;
      this.#take({ at: isJump ? at - 1 : at, field, to, isAddress: isLea });
    }
  }

  /** The same of code whose instructions begin at known places. */
  walk(entries: ReadonlyMap<number, number>, { length, targetOf }: BranchReader): void {
    const bytes = this.#bytes;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0, next = 0; at + 2 <= bytes.length; at = next) {
      next = at + length(view, at);
      if (next > bytes.length) return;
      const found = targetOf(view, at);
      const to = found && entries.get(found.target);
      if (to === undefined) continue;
      const { field, isAddress } = found!;
      this.#take({ at, field, to, isAddress }, true);
    }
  }

  /** Whether a place is of the body around, and not behind its end. */
  #isInside(at: number): boolean {
    const { value, size } = this.#of.bodies;
    const start = value[this.#within]!;
    return at >= start && (at < start + size[this.#within]! || size[this.#within] === 0);
  }

  /** @param isCertain whether an instruction is known to begin there; else the code around is walked to see */
  #take({ at, field, to, isAddress }: Seen, isCertain = false): void {
    this.#moveTo(at);
    const [found, within] = [this.#found, this.#within];
    const isInside = this.#isInside(at);
    const isKnown = isInside && (isAddress ? found.hasAddress(within, to) : found.hasCall(within, to));
    if (isKnown || this.#isRelocated(field)) return;
    const isOpcode = isCertain || this.#isOpcode(at, isInside);
    if (isOpcode === false) return;
    if (!isInside) found.addNameless(this.#section.index, to);
    else if (isAddress) found.addAddress(within, to);
    else found.addCall(within, to, isOpcode === true);
  }

  #moveTo(at: number): void {
    const { bodies, next } = this.#of;
    while (this.#within + 1 < next && bodies.value[this.#within + 1]! <= at) this.#within++;
  }

  /** Whether an instruction's opcode is at a place; undefined where the code around is not known. */
  #isOpcode(at: number, isInside: boolean): boolean | undefined {
    const [start, end] = this.#rangeAround(at, isInside);
    if (this.#walked !== start) {
      this.#walked = start;
      this.#opcodes = opcodesOf(this.#bytes, start, end, this.#elf.machine === EM_X86_64);
    }
    const opcode = this.#opcodes?.[at - start];
    return opcode === undefined ? undefined : opcode === 1;
  }

  /** The body that a place is in, or what lies between two. */
  #rangeAround(at: number, isInside: boolean): [start: number, end: number] {
    const { bodies, next } = this.#of;
    const body = this.#within;
    const start = bodies.value[body]!;
    if (at < start) return [0, start];
    const end = start + bodies.size[body]!;
    const following = body + 1 < next ? bodies.value[body + 1]! : this.#bytes.length;
    return isInside ? [start, Math.min(end, following)] : [end, following];
  }

  #isRelocated(field: number): boolean {
    this.#relocated ??= relocatedFields(this.#elf, this.#section.index);
    return this.#relocated.has(field);
  }
}

/** jmp, jcc, jrcxz with a distance of one byte. */
function isShortJump(byte: number): boolean {
  return byte === 0xeb || (byte & 0xf0) === 0x70 || byte === 0xe3;
}

/** More bodies than this no object has, and the product of two is an exact double. */
const PAIR = 2 ** 26;

function relocatedFields(elf: Elf, section: number): ReadonlySet<number> {
  const fields = new Set<number>();
  for (const table of elf.sections) {
    if (table.info !== section || (table.type !== SHT_RELA && table.type !== SHT_REL)) continue;
    const relocations = elf.relocations(table);
    for (let i = 0; i < relocations.count; i++) fields.add(Number(relocations.offset(i)));
  }
  return fields;
}
