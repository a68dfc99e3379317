/**
 * The tables of ftrace sites: the places that kernel/trace/ftrace.c can turn into calls. Which of them belong to which
 * function is traceable.ts' concern.
 */
import {
  type Elf,
  ElfError,
  type ElfSection,
  EM_386,
  EM_S390,
  EM_X86_64,
  SHF_ALLOC,
  SHT_NOBITS,
  SHT_REL,
  SHT_RELA,
  type SymbolTable,
} from '../elf/index.js';

/** Sites sorted by section, then by offset in it. */
export interface FtraceSites {
  /** Whether there is any table of sites. Without one, the code was built without tracing. */
  readonly present: boolean;
  readonly section: Uint32Array;
  readonly offset: Float64Array;
  /**
   * How far before its function a site may lie: -fpatchable-function-entry=N,M records the first of M nops before the
   * entry (arm64 and riscv with DYNAMIC_FTRACE_WITH_CALL_OPS: 8 bytes; parisc: up to 28), and the kernel adjusts it
   * (arch/arm64/kernel/ftrace.c, ftrace_call_adjust). 0 where a site never does.
   */
  readonly before: number;
}

const NO_SITES: FtraceSites = {
  present: false,
  section: new Uint32Array(0),
  offset: new Float64Array(0),
  before: 0,
};

const MCOUNT = '__mcount_loc';
const PATCHABLE = '__patchable_function_entries';
const LONGEST_PREFIX = 32;

/**
 * x86 and s390 kernels use __mcount_loc alone. On x86 every function, traceable or not, may also have an entry in
 * __patchable_function_entries: room for call thunks and FineIBT (CONFIG_CALL_PADDING, arch/x86/Makefile), no site.
 */
function siteSectionNames(machine: number): readonly string[] {
  const onlyMcount = machine === EM_X86_64 || machine === EM_386 || machine === EM_S390;
  return onlyMcount ? [MCOUNT] : [MCOUNT, PATCHABLE];
}

/** The sites of an ET_REL file, a unit's object or a module: the targets of its tables' relocations. */
export function objectSites(elf: Elf, symbols: SymbolTable): FtraceSites {
  const names = siteSectionNames(elf.machine);
  let before = 0;
  let present = false;
  const sections: number[] = [];
  const offsets: number[] = [];
  for (const relocated of elf.sections) {
    if (relocated.type !== SHT_REL && relocated.type !== SHT_RELA) continue;
    const target = elf.sections[relocated.info];
    if (target === undefined || !names.includes(target.name)) continue;
    const relocations = elf.relocations(relocated);
    if (!relocations.ofSymbolTable) {
      throw new ElfError(elf.file, `has relocations in ${relocated.label} that are of no symbol table`);
    }
    if (relocations.count > 0) present = true;
    if (target.name === PATCHABLE) before = LONGEST_PREFIX;
    for (let i = 0; i < relocations.count; i++) {
      const symbol = relocations.symbol(i);
      const section = symbols.sectionIndex(symbol);
      if (section <= 0) continue;
      sections.push(section);
      offsets.push(symbols.offsetValue(symbol) + relocations.addend(i));
    }
  }
  if (!present) return NO_SITES;
  return { present, before, ...sorted(sections, offsets) };
}

/**
 * The sites of vmlinux: the addresses between __start_mcount_loc and __stop_mcount_loc. Where they are all 0, the
 * kernel fills them in when it relocates itself (arm64, older s390x and ppc64le), and the relocations have them.
 *
 * @param start, stop the indices of the two symbols, or -1 where vmlinux has no such symbol
 */
export function vmlinuxSites(elf: Elf, symbols: SymbolTable, start: number, stop: number): FtraceSites {
  if (start < 0 || stop < 0) return NO_SITES;
  const width = elf.class / 8;
  const high = symbols.valueHigh(start);
  const low = symbols.valueLow(start);
  const size = difference(symbols.valueHigh(stop), symbols.valueLow(stop), high, low);
  if (size === 0) return NO_SITES;
  const loaded = loadedSections(elf);
  const table = sectionAt(loaded, high, low);
  const from = table === undefined ? 0 : difference(high, low, table.addressHigh, table.addressLow);
  if (size < 0 || size % width !== 0 || table === undefined || from + size > table.size) {
    throw new ElfError(
      elf.file,
      'has no table of ftrace sites between __start_mcount_loc and __stop_mcount_loc',
    );
  }

  const found = new AddressCollector(loaded);
  if (table.type !== SHT_NOBITS) {
    for (let at = from; at < from + size; at += width) {
      const pointer = elf.pointerAt(table, at);
      // scripts/sorttable.c writes 0 over the sites of weak functions that were not linked.
      if (pointer.high !== 0 || pointer.low !== 0) found.add(pointer.high, pointer.low);
    }
  }
  if (!found.any) addRelocated(elf, symbols, high, low, size, found);
  const before = siteSectionNames(elf.machine).length > 1 ? LONGEST_PREFIX : 0;
  return { present: true, before, ...sorted(found.sections, found.offsets) };
}

/** The addresses that relocations write into [high:low, + size). */
function addRelocated(
  elf: Elf,
  symbols: SymbolTable,
  high: number,
  low: number,
  size: number,
  found: AddressCollector,
): void {
  for (const section of elf.sections) {
    if (section.type !== SHT_RELA) continue; // SHT_REL's addends are what is in the table: zero, as was just seen.
    const relocations = elf.relocations(section);
    for (let i = 0; i < relocations.count; i++) {
      const at = difference(relocations.offsetHigh(i), relocations.offsetLow(i), high, low);
      if (at < 0 || at >= size) continue;
      const symbol = relocations.symbol(i);
      let sumLow = relocations.addendLow(i);
      let sumHigh = relocations.addendHigh(i);
      if (symbol !== 0) {
        if (!relocations.ofSymbolTable) continue;
        sumLow += symbols.valueLow(symbol);
        sumHigh += symbols.valueHigh(symbol) + (sumLow > 0xffffffff ? 1 : 0);
      }
      found.add(elf.class === 64 ? sumHigh >>> 0 : 0, sumLow >>> 0);
    }
  }
}

/** Turns addresses into sections and offsets in them. */
class AddressCollector {
  readonly sections: number[] = [];
  readonly offsets: number[] = [];
  any = false;
  private last: ElfSection | undefined;

  constructor(private readonly loaded: readonly ElfSection[]) {}

  add(high: number, low: number): void {
    this.any = true;
    // Sites stand in the order of the code, so it is nearly always the section of the one before.
    if (this.last === undefined || !contains(this.last, high, low))
      this.last = sectionAt(this.loaded, high, low);
    if (this.last === undefined) return;
    this.sections.push(this.last.index);
    this.offsets.push(difference(high, low, this.last.addressHigh, this.last.addressLow));
  }
}

/** a - b of two 64-bit numbers; exact where it is small enough to matter (below 2^53). */
export function difference(aHigh: number, aLow: number, bHigh: number, bLow: number): number {
  return (aHigh - bHigh) * 0x1_0000_0000 + (aLow - bLow);
}

function contains(section: ElfSection, high: number, low: number): boolean {
  const offset = difference(high, low, section.addressHigh, section.addressLow);
  return offset >= 0 && offset < section.size;
}

/** The sections that have addresses, in their order. */
function loadedSections(elf: Elf): readonly ElfSection[] {
  const loaded = elf.sections.filter((section) => (section.flags & SHF_ALLOC) !== 0 && section.size > 0);
  return loaded.sort((a, b) => difference(a.addressHigh, a.addressLow, b.addressHigh, b.addressLow));
}

function sectionAt(loaded: readonly ElfSection[], high: number, low: number): ElfSection | undefined {
  let from = 0;
  let to = loaded.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    const section = loaded[middle]!;
    if (difference(section.addressHigh, section.addressLow, high, low) <= 0) from = middle + 1;
    else to = middle;
  }
  const section = loaded[from - 1];
  return section !== undefined && contains(section, high, low) ? section : undefined;
}

function sorted(
  sections: readonly number[],
  offsets: readonly number[],
): { section: Uint32Array; offset: Float64Array } {
  let ascending = true;
  for (let i = 1; i < sections.length && ascending; i++) {
    ascending =
      sections[i - 1]! < sections[i]! ||
      (sections[i - 1]! === sections[i]! && offsets[i - 1]! <= offsets[i]!);
  }
  if (ascending) return { section: Uint32Array.from(sections), offset: Float64Array.from(offsets) };
  const order = sections.map((_, i) => i);
  order.sort((a, b) => sections[a]! - sections[b]! || offsets[a]! - offsets[b]!);
  return {
    section: Uint32Array.from(order, (i) => sections[i]!),
    offset: Float64Array.from(order, (i) => offsets[i]!),
  };
}
