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

/** References that the assembler could settle itself, by places among the bodies: what no relocation tells. */
export interface NearCalls {
  readonly caller: readonly number[];
  readonly callee: readonly number[];
}

/** The same, and addresses that are taken so. */
export interface NearReferences extends NearCalls {
  readonly addressBy: readonly number[];
  readonly addressTarget: readonly number[];
}

/**
 * Byte sequences of x86 code that look like a call or a jump from one function to the entry of another one in the same
 * section, or like `lea` of that entry. They are nearly always what they look like (measured on 39,593: 7 are not, in
 * compiled code), so they can show that a call graph lacks something, and disassembling can make sure. Other machines tell
 * such calls by relocations.
 *
 * @param isSought bodies to which short jumps and `lea` are looked for: bytes look like a short jump far more often
 */
export function nearReferences(
  elf: Elf,
  { bodies }: Bodies,
  isSought: (body: number) => boolean,
): NearReferences {
  const found = new Found(bodies.owner);
  if (elf.machine !== EM_X86_64 && elf.machine !== EM_386) return found;
  const { sectionIndex } = bodies;
  for (let first = 0, next = 0; first < sectionIndex.length; first = next) {
    const section = elf.sections[sectionIndex[first]!]!;
    for (next = first; sectionIndex[next] === section.index; ) next++;
    if (next - first < 2 || (section.flags & SHF_EXECINSTR) === 0) continue;
    scan(elf, section, { bodies, first, next, isSought }, found);
  }
  return found;
}

/** Pairs of bodies, each once. */
class Found implements NearReferences {
  readonly caller: number[] = [];
  readonly callee: number[] = [];
  readonly addressBy: number[] = [];
  readonly addressTarget: number[] = [];
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

  addCall(within: number, to: number): void {
    const from = this.#owner[within]!;
    this.#calls.add(from * PAIR + to);
    this.caller.push(from);
    this.callee.push(to);
  }

  addAddress(within: number, to: number): void {
    const from = this.#owner[within]!;
    if (this.#addresses.has(from * PAIR + to)) return;
    this.#addresses.add(from * PAIR + to);
    this.addressBy.push(from);
    this.addressTarget.push(to);
  }
}

/** The bodies of one section, and which are sought. */
interface Scanned {
  readonly bodies: Bodies['bodies'];
  readonly first: number;
  readonly next: number;
  readonly isSought: (body: number) => boolean;
}

function scan(elf: Elf, section: ElfSection, of: Scanned, found: Found): void {
  const { value } = of.bodies;
  const bytes = elf.sectionBytes(section);
  const entries = new Map<number, number>();
  let hasSought = false;
  for (let body = of.first; body < of.next; body++) {
    entries.set(value[body]!, body);
    if (of.isSought(body)) hasSought = true;
  }
  let relocated: ReadonlySet<number> | undefined;
  const isRelocated = (field: number) => {
    relocated ??= relocatedFields(elf, section.index);
    return relocated.has(field);
  };
  let within = of.first;
  for (let at = 0; at + 2 <= bytes.length; at++) {
    const byte = bytes[at]!;
    if (hasSought && isShortJump(byte)) {
      const to = entries.get(at + 2 + ((bytes[at + 1]! << 24) >> 24));
      if (to !== undefined && of.isSought(to)) {
        while (within + 1 < of.next && value[within + 1]! <= at) within++;
        if (!found.hasCall(within, to) && !isRelocated(at + 1)) found.addCall(within, to);
      }
      continue;
    }
    if (byte < 0x80 || (byte > 0x8f && (byte & 0xfe) !== 0xe8) || at + 5 > bytes.length) continue;
    const isLea = hasSought && byte === 0x8d && (bytes[at + 1]! & 0xc7) === 0x05;
    const isJump = byte <= 0x8f && at > 0 && bytes[at - 1] === 0x0f;
    if (byte !== 0xe8 && byte !== 0xe9 && !isJump && !isLea) continue;
    const field = at + (isLea ? 2 : 1);
    if (field + 4 > bytes.length) continue;
    const distance =
      bytes[field]! | (bytes[field + 1]! << 8) | (bytes[field + 2]! << 16) | (bytes[field + 3]! << 24);
    // A field that is relocated holds nothing yet, nearly always.
    if (distance === 0) continue;
    const to = entries.get(field + 4 + distance);
    if (to === undefined || (isLea && !of.isSought(to))) continue;
    while (within + 1 < of.next && value[within + 1]! <= at) within++;
    if ((!isLea && found.hasCall(within, to)) || isRelocated(field)) continue;
    if (isLea) found.addAddress(within, to);
    else found.addCall(within, to);
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
