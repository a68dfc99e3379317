import {
  type Elf,
  ElfError,
  type ElfSection,
  EM_ARM,
  EM_X86_64,
  ET_REL,
  SHF_EXECINSTR,
  SHT_REL,
  SHT_RELA,
  STB_GLOBAL,
  STB_WEAK,
  STT_NOTYPE,
  type SymbolTable,
} from '../elf/index.js';
import { difference } from '../symbols/ftrace-sites.js';
import { nameDecoder } from '../symbols/name-decoder.js';
import { isFunctionType } from '../symbols/object-functions.js';
import { linkedAlternatives } from './alternatives.js';

/** Code that has a name. */
export interface CodeRange {
  /** Of several names of one code, the one to call it by. */
  readonly name: string;
  readonly aliases: readonly string[];
  /** The ELF section index. */
  readonly section: number;
  /** Offsets in the section; `end` is behind the last byte. */
  readonly start: number;
  readonly end: number;
  /** Whether the symbol says that it is a function; assembler code may not. */
  readonly isFunction: boolean;
  /** Whether it is a `.cold` part, also where it cannot be told whose. */
  readonly isFragment: boolean;
  /** What the code belongs to: itself, or the function that a `.cold` part was split off. */
  readonly owner: CodeRange;
}

interface Range extends CodeRange {
  /** The greatest `end` of this range and of those before it in the section. */
  readonly reach: number;
  /** The index of the symbol that `name` is of. */
  readonly symbol: number;
  owner: CodeRange;
}

/** A place in the code. */
export interface Place {
  readonly section: number;
  readonly offset: number;
}

/** GCC's hot-cold splitting: `foo.cold`, and `foo.cold.12` before GCC 9. */
const COLD = /^(.+)\.cold(?:\.\d+)?$/;

/**
 * Tables whose entries name code and what may be patched over it: `struct alt_instr` of x86, arm64 and s390x, `struct
 * alt_entry` of riscv, `struct fixup_entry` of powerpc. Their sizes differ between kernels; in all, the original comes
 * before the replacement.
 */
const REPLACEMENT_TABLES = new Set([
  '.altinstructions',
  '.alternative',
  '__ftr_fixup',
  '__mmu_ftr_fixup',
  '__fw_ftr_fixup',
  '__lwsync_fixup',
]);

/** Which function is where: in an ET_REL file, or in a linked image. */
export class CodeMap {
  readonly #elf: Elf;
  readonly #symbols: SymbolTable;
  readonly #nameOf: (symbol: number) => string;
  /** By section, ascending. */
  readonly #ranges = new Map<number, readonly Range[]>();
  /** The next three are made when they are first asked for. */
  #byName: Map<string, CodeRange[]> | undefined;
  #labels: Map<string, Place> | undefined;
  #sections: Map<string, number[]> | undefined;
  /** By section, ascending: where replacements begin, and whose code they replace. */
  readonly #replacements = new Map<number, { start: number; owner: CodeRange }[]>();
  /** Executable sections with contents. */
  readonly codeSections: ReadonlySet<number>;

  constructor(elf: Elf) {
    this.#elf = elf;
    this.#symbols = elf.symbols();
    this.#nameOf = nameDecoder(this.#symbols, elf.file);
    const code = new Set<number>();
    for (const section of elf.sections) {
      if ((section.flags & SHF_EXECINSTR) !== 0 && section.hasData) code.add(section.index);
    }
    this.codeSections = code;
    this.#readSymbols();
    this.#adopt();
    for (const section of elf.sections) {
      // In a linked image, SHT_REL's addends are what was made of them.
      if (section.type !== SHT_RELA && (section.type !== SHT_REL || elf.type !== ET_REL)) continue;
      const target = elf.sections[section.info];
      if (target === undefined || !REPLACEMENT_TABLES.has(target.name)) continue;
      this.#readReplacements(elf.relocations(section));
    }
    if (elf.type !== ET_REL && elf.machine === EM_X86_64 && this.#replacements.size === 0) {
      for (const section of elf.sections) {
        if (section.name === '.altinstructions') this.#readLinkedReplacements(section);
      }
    }
    for (const starts of this.#replacements.values()) starts.sort((a, b) => a.start - b.start);
  }

  /** The code that a byte belongs to by its symbol's size. */
  at({ section, offset }: Place): CodeRange | undefined {
    return this.#find(section, offset);
  }

  /** The function that is executing when this byte is: also where it is patched over that function's code. */
  ownerAt({ section, offset }: Place): CodeRange | undefined {
    const range = this.#find(section, offset);
    if (range !== undefined) return range.owner;
    const starts = this.#replacements.get(section);
    if (starts === undefined) return undefined;
    return starts[lastAtMost(starts, offset)]?.owner;
  }

  /** The code that begins at this very byte. */
  startingAt({ section, offset }: Place): CodeRange | undefined {
    const ranges = this.#ranges.get(section);
    if (ranges === undefined) return undefined;
    const range = ranges[lastAtMost(ranges, offset)];
    return range?.start === offset ? range : undefined;
  }

  named(name: string): readonly CodeRange[] {
    if (this.#byName === undefined) {
      this.#byName = new Map();
      for (const range of this.ranges()) {
        getOrAdd(this.#byName, range.name).push(range);
        for (const alias of range.aliases) getOrAdd(this.#byName, alias).push(range);
      }
    }
    return this.#byName.get(name) ?? NONE;
  }

  /** Where a label in the code is that names no range. */
  label(name: string): Place | undefined {
    this.#labels ??= this.#readLabels();
    return this.#labels.get(name);
  }

  /** Indices, ascending. */
  sectionsNamed(name: string): readonly number[] {
    if (this.#sections === undefined) {
      this.#sections = new Map();
      for (const index of this.codeSections)
        getOrAdd(this.#sections, this.#elf.sections[index]!.name).push(index);
    }
    return this.#sections.get(name) ?? [];
  }

  *ranges(): Generator<CodeRange> {
    for (const ranges of this.#ranges.values()) yield* ranges;
  }

  #find(section: number, offset: number): Range | undefined {
    const ranges = this.#ranges.get(section);
    if (ranges === undefined) return undefined;
    // Of ranges one in the other, the inner one: assembler code has labels within functions.
    for (let i = lastAtMost(ranges, offset); i >= 0 && offset < ranges[i]!.reach; i--) {
      if (offset < ranges[i]!.end) return ranges[i];
    }
    return undefined;
  }

  #readSymbols(): void {
    const symbols = this.#symbols;
    const functions = new Map<number, CodeSymbol[]>();
    const labels: CodeSymbol[] = [];
    for (let i = 1; i < symbols.count; i++) {
      const section = symbols.sectionIndex(i);
      if (section <= 0 || !this.codeSections.has(section)) continue;
      const type = symbols.type(i);
      const isFunction = isFunctionType(type);
      if (!isFunction && type !== STT_NOTYPE) continue;
      const offset = this.#offsetIn(this.#elf.sections[section]!, i);
      if (offset < 0) continue;
      const symbol = { symbol: i, section, offset, isFunction };
      if (isFunction) getOrAdd(functions, section).push(symbol);
      else labels.push(symbol);
    }
    for (const [section, found] of functions) this.#ranges.set(section, this.#join(section, found));
    if (labels.length > 0) this.#addLabels(functions, labels);
  }

  /** Code that no function holds is known by its label (assembler code without a type). */
  #addLabels(functions: Map<number, CodeSymbol[]>, labels: readonly CodeSymbol[]): void {
    const changed = new Set<number>();
    for (const label of labels) {
      const { section, offset } = label;
      const ranges = this.#ranges.get(section) ?? NONE;
      const before = ranges[lastAtMost(ranges, offset)];
      if (before !== undefined && offset < before.end) continue;
      if (!isLabel(this.#nameOf(label.symbol))) continue;
      getOrAdd(functions, section).push(label);
      changed.add(section);
    }
    for (const section of changed) this.#ranges.set(section, this.#join(section, functions.get(section)!));
  }

  /**
   * Where a symbol is in its section, or -1: in linked images, linker scripts put labels behind the section that they
   * are said to be in.
   */
  #offsetIn(section: ElfSection, symbol: number): number {
    const symbols = this.#symbols;
    const offset = offsetInSection(this.#elf, section, symbols, symbol);
    if (offset < 0 || offset > section.size) {
      if (this.#elf.type !== ET_REL) return -1;
      const name = this.#nameOf(symbol);
      if (!isLabel(name)) return -1;
      throw new ElfError(this.#elf.file, `has the function ${name} outside of its section`);
    }
    return offset;
  }

  #readLabels(): Map<string, Place> {
    const symbols = this.#symbols;
    const labels = new Map<string, Place>();
    for (let i = 1; i < symbols.count; i++) {
      if (symbols.type(i) !== STT_NOTYPE) continue;
      const section = symbols.sectionIndex(i);
      if (!this.codeSections.has(section)) continue;
      const name = this.#nameOf(i);
      if (!isLabel(name)) continue;
      const offset = this.#offsetIn(this.#elf.sections[section]!, i);
      if (offset >= 0) labels.set(name, { section, offset });
    }
    return labels;
  }

  /** Ranges of one section, ascending: one for all names of one code. */
  #join(section: number, symbols: readonly CodeSymbol[]): Range[] {
    const sectionSize = this.#elf.sections[section]!.size;
    const sorted = ascending(symbols);
    const ranges: Range[] = [];
    let reach = 0;
    for (let i = 0; i < sorted.length; ) {
      const start = sorted[i]!.offset;
      let size = this.#symbols.size(sorted[i]!.symbol);
      let isFunction = sorted[i]!.isFunction;
      let next = i + 1;
      for (; next < sorted.length && sorted[next]!.offset === start; next++) {
        size = Math.max(size, this.#symbols.size(sorted[next]!.symbol));
        isFunction ||= sorted[next]!.isFunction;
      }
      const end = Math.min(size > 0 ? start + size : (sorted[next]?.offset ?? sectionSize), sectionSize);
      reach = Math.max(reach, end);
      const names = next - i === 1 ? this.#oneName(sorted[i]!) : this.#allNames(sorted.slice(i, next));
      ranges.push(newRange(names, section, start, end, isFunction, reach));
      i = next;
    }
    return ranges;
  }

  #oneName({ symbol }: CodeSymbol): Names {
    return { symbol, name: this.#nameOf(symbol), aliases: NO_NAMES };
  }

  #allNames(same: readonly CodeSymbol[]): Names {
    const named = same.map(({ symbol, isFunction }) => {
      const name = this.#nameOf(symbol);
      return { symbol, name, rank: isFunction ? rank(name, this.#symbols.bind(symbol)) : 4 };
    });
    named.sort((a, b) => a.rank - b.rank);
    return {
      symbol: named[0]!.symbol,
      name: named[0]!.name,
      aliases: named.slice(1).map(({ name }) => name),
    };
  }

  #adopt(): void {
    const parents = new Map<string, Range[]>();
    const fragments: Range[] = [];
    for (const ranges of this.#ranges.values()) {
      for (const range of ranges) {
        if (!range.isFragment) continue;
        fragments.push(range);
        parents.set(parentName(range), []);
      }
    }
    if (fragments.length === 0) return;
    for (const ranges of this.#ranges.values()) {
      for (const range of ranges) {
        parents.get(range.name)?.push(range);
        for (const alias of range.aliases) parents.get(alias)?.push(range);
      }
    }
    for (const fragment of fragments) {
      fragment.owner = this.#parentOf(fragment, parents.get(parentName(fragment))!) ?? fragment;
    }
  }

  /**
   * The function that a fragment is of. Two functions of a name are in one file only where it is joined from others
   * (`ld -r`, LTO, linked images); then it is the one of the same source file, and cannot be told without STT_FILE.
   */
  #parentOf(fragment: Range, named: readonly Range[]): Range | undefined {
    if (named.length <= 1) return named[0];
    const file = this.#symbols.fileOf(fragment.symbol);
    const near = named.filter(({ symbol }) => this.#symbols.fileOf(symbol) === file);
    return near.length === 1 ? near[0] : undefined;
  }

  #readLinkedReplacements(table: ElfSection): void {
    for (const { original, replacement } of linkedAlternatives(this.#elf, table)) {
      const owner = this.#placeAt(original);
      const start = this.#placeAt(replacement);
      const range = owner && this.#find(owner.section, owner.offset);
      if (range === undefined || start === undefined || this.#find(start.section, start.offset)) continue;
      getOrAdd(this.#replacements, start.section).push({ start: start.offset, owner: range.owner });
    }
  }

  #placeAt(address: bigint): Place | undefined {
    for (const index of this.codeSections) {
      const section = this.#elf.sections[index]!;
      const offset = Number(address - section.address);
      if (offset >= 0 && offset < section.size) return { section: index, offset };
    }
    return undefined;
  }

  #readReplacements(relocations: ReturnType<Elf['relocations']>): void {
    const symbols = this.#symbols;
    let original: CodeRange | undefined;
    for (let i = 0; i < relocations.count; i++) {
      const symbol = relocations.symbol(i);
      const section = symbols.sectionIndex(symbol);
      if (!this.codeSections.has(section)) continue;
      const base = offsetInSection(this.#elf, this.#elf.sections[section]!, symbols, symbol);
      const offset = base + relocations.addend(i);
      const range = this.#find(section, offset);
      // A replacement that is a function is no code but one that computes it (arm64's ALTERNATIVE_CB).
      if (range !== undefined) original = range.owner;
      else if (original !== undefined) {
        getOrAdd(this.#replacements, section).push({ start: offset, owner: original });
      }
    }
  }
}

/**
 * A symbol's offset in its section: its value in an ET_REL file, the distance of two addresses in a linked one. The
 * lowest bit of an Arm function's value only says that it is Thumb code (AAELF32, "Symbol Values").
 */
export function offsetInSection(elf: Elf, section: ElfSection, symbols: SymbolTable, symbol: number): number {
  const offset =
    elf.type === ET_REL
      ? symbols.offsetValue(symbol)
      : difference(
          symbols.valueHigh(symbol),
          symbols.valueLow(symbol),
          section.addressHigh,
          section.addressLow,
        );
  return elf.machine === EM_ARM && isFunctionType(symbols.type(symbol)) ? offset - (offset % 2) : offset;
}

interface CodeSymbol extends Place {
  readonly symbol: number;
  readonly isFunction: boolean;
}

interface Names {
  readonly symbol: number;
  readonly name: string;
  readonly aliases: readonly string[];
}

const NONE: readonly Range[] = [];
const NO_NAMES: readonly string[] = [];

/** Arm's mapping symbols ($x, $d) and the assembler's own labels are no names. */
function isLabel(name: string): boolean {
  return name !== '' && !name.startsWith('$') && !name.startsWith('.L');
}

function parentName({ name }: Range): string {
  return COLD.exec(name)![1]!;
}

function newRange(
  { symbol, name, aliases }: Names,
  section: number,
  start: number,
  end: number,
  isFunction: boolean,
  reach: number,
): Range {
  const isFragment = name.includes('.cold') && COLD.test(name);
  const range = {
    name,
    aliases,
    section,
    start,
    end,
    isFunction,
    isFragment,
    owner: undefined as unknown as CodeRange,
    reach,
    symbol,
  };
  range.owner = range;
  return range;
}

/** By offset; the assembler writes local symbols, which most are, in this order already. */
function ascending(symbols: readonly CodeSymbol[]): readonly CodeSymbol[] {
  for (let i = 1; i < symbols.length; i++) {
    if (symbols[i]!.offset < symbols[i - 1]!.offset) return [...symbols].sort((a, b) => a.offset - b.offset);
  }
  return symbols;
}

/**
 * Which of several names a code is called by: the one of the function itself where that can be told. It cannot always
 * (an alias looks like what it stands for), but most aliases are global names of a static function
 * (SYSCALL_DEFINE0 makes __x64_sys_foo of __do_sys_foo, module_init init_module), or `foo.localalias` of foo.
 */
function rank(name: string, bind: number): number {
  if (name.includes('.localalias')) return 3;
  if (bind === STB_GLOBAL) return 1;
  return bind === STB_WEAK ? 2 : 0;
}

function lastAtMost(ranges: readonly { readonly start: number }[], offset: number): number {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ranges[middle]!.start <= offset) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function getOrAdd<K, V>(map: Map<K, V[]>, key: K): V[] {
  let list = map.get(key);
  if (list === undefined) {
    list = [];
    map.set(key, list);
  }
  return list;
}
