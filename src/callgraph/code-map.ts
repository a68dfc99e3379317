import {
  type Elf,
  ElfError,
  SHF_EXECINSTR,
  SHT_RELA,
  STB_GLOBAL,
  STB_WEAK,
  STT_NOTYPE,
} from '../elf/index.js';
import { nameDecoder } from '../symbols/name-decoder.js';
import { isFunctionType } from '../symbols/object-functions.js';

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
  /** What the code belongs to: itself, or the function that a `.cold` part was split off. */
  readonly owner: CodeRange;
}

interface Range extends CodeRange {
  /** The greatest `end` of this range and of those before it in the section. */
  readonly reach: number;
}

/** A place in the code. */
export interface Place {
  readonly section: number;
  readonly offset: number;
}

interface CodeSymbol extends Place {
  readonly name: string;
  readonly size: number;
  readonly bind: number;
  readonly isFunction: boolean;
}

/** GCC's hot-cold splitting: `foo.cold`, and `foo.cold.12` before GCC 9. */
const COLD = /^(.+)\.cold(?:\.\d+)?$/;

/**
 * Tables whose entries name code and what may be patched over it: `struct alt_instr` of x86, arm64 and s390x, `struct
 * fixup_entry` of powerpc. Their sizes differ between kernels; in all, the original comes before the replacement.
 */
const REPLACEMENT_TABLES = new Set([
  '.altinstructions',
  '__ftr_fixup',
  '__mmu_ftr_fixup',
  '__fw_ftr_fixup',
  '__lwsync_fixup',
]);

/** Which function is where in an ET_REL file. */
export class CodeMap {
  /** By section, ascending. */
  readonly #ranges = new Map<number, Range[]>();
  readonly #byName = new Map<string, CodeRange[]>();
  readonly #labels = new Map<string, Place>();
  readonly #sections = new Map<string, number[]>();
  /** By section, ascending: where replacements begin, and whose code they replace. */
  readonly #replacements = new Map<number, { start: number; owner: CodeRange }[]>();
  /** Executable sections with contents. */
  readonly codeSections: ReadonlySet<number>;

  constructor(elf: Elf) {
    const code = new Set<number>();
    for (const section of elf.sections) {
      if ((section.flags & SHF_EXECINSTR) === 0 || !section.hasData) continue;
      code.add(section.index);
      getOrAdd(this.#sections, section.name).push(section.index);
    }
    this.codeSections = code;
    for (const [section, symbols] of this.#codeSymbols(elf)) {
      const ranges = joinAliases(symbols, elf.sections[section]!.size);
      this.#ranges.set(section, ranges);
      for (const range of ranges) {
        for (const name of [range.name, ...range.aliases]) getOrAdd(this.#byName, name).push(range);
      }
    }
    for (const ranges of this.#ranges.values()) for (const range of ranges) this.#adopt(range);
    for (const section of elf.sections) {
      if (section.type !== SHT_RELA) continue;
      const relocations = elf.relocations(section);
      if (relocations.target === undefined || !REPLACEMENT_TABLES.has(relocations.target.name)) continue;
      this.#readReplacements(elf, relocations);
    }
    for (const starts of this.#replacements.values()) starts.sort((a, b) => a.start - b.start);
  }

  /** The code that a byte belongs to by its symbol's size. */
  at({ section, offset }: Place): CodeRange | undefined {
    const ranges = this.#ranges.get(section);
    if (ranges === undefined) return undefined;
    // Of ranges one in the other, the inner one: assembler code has labels within functions.
    for (let i = lastAtMost(ranges, offset); i >= 0 && offset < ranges[i]!.reach; i--) {
      if (offset < ranges[i]!.end) return ranges[i];
    }
    return undefined;
  }

  /** The function that is executing when this byte is: also where it is patched over that function's code. */
  ownerAt(place: Place): CodeRange | undefined {
    const range = this.at(place);
    if (range !== undefined) return range.owner;
    const starts = this.#replacements.get(place.section);
    if (starts === undefined) return undefined;
    return starts[lastAtMost(starts, place.offset)]?.owner;
  }

  named(name: string): readonly CodeRange[] {
    return this.#byName.get(name) ?? NONE;
  }

  /** Where a label in the code is that names no range. */
  label(name: string): Place | undefined {
    return this.#labels.get(name);
  }

  /** Indices, ascending. */
  sectionsNamed(name: string): readonly number[] {
    return this.#sections.get(name) ?? [];
  }

  *ranges(): Generator<CodeRange> {
    for (const ranges of this.#ranges.values()) yield* ranges;
  }

  #codeSymbols(elf: Elf): Map<number, CodeSymbol[]> {
    const symbols = elf.symbols();
    const nameOf = nameDecoder(symbols, elf.file);
    const functions = new Map<number, CodeSymbol[]>();
    const labels: CodeSymbol[] = [];
    for (let i = 1; i < symbols.count; i++) {
      const type = symbols.type(i);
      const isFunction = isFunctionType(type);
      if (!isFunction && type !== STT_NOTYPE) continue;
      const section = symbols.sectionIndex(i);
      if (!this.codeSections.has(section)) continue;
      const name = nameOf(i);
      // Arm's mapping symbols ($x, $d) and the assembler's own labels are no names.
      if (name === '' || name.startsWith('$') || name.startsWith('.L')) continue;
      const bind = symbols.bind(i);
      const symbol = {
        name,
        section,
        offset: symbols.offsetValue(i),
        size: symbols.size(i),
        bind,
        isFunction,
      };
      if (symbol.offset > elf.sections[section]!.size) {
        throw new ElfError(elf.file, `has the function ${name} outside of its section`);
      }
      if (isFunction) getOrAdd(functions, section).push(symbol);
      else labels.push(symbol);
    }
    const covered = new Map<number, readonly CodeRange[]>();
    for (const [section, found] of functions) {
      covered.set(section, joinAliases(found, elf.sections[section]!.size));
    }
    for (const symbol of labels) {
      this.#labels.set(symbol.name, symbol);
      const ranges = covered.get(symbol.section) ?? NONE;
      const before = ranges[lastAtMost(ranges, symbol.offset)];
      // Code that no function holds is known by its label (assembler code without a type).
      if (before === undefined || symbol.offset >= before.end) {
        getOrAdd(functions, symbol.section).push(symbol);
      }
    }
    return functions;
  }

  #adopt(range: CodeRange): void {
    const match = COLD.exec(range.name);
    if (match === null) return;
    const parents = this.named(match[1]!);
    // Only `ld -r` and LTO's joined units can have two of a name; whose part it is cannot be told then.
    if (parents.length === 1) (range as { owner: CodeRange }).owner = parents[0]!;
  }

  #readReplacements(elf: Elf, relocations: ReturnType<Elf['relocations']>): void {
    const symbols = elf.symbols();
    let original: CodeRange | undefined;
    for (let i = 0; i < relocations.count; i++) {
      const symbol = relocations.symbol(i);
      const section = symbols.sectionIndex(symbol);
      if (!this.codeSections.has(section)) continue;
      const offset = symbols.offsetValue(symbol) + relocations.addend(i);
      const range = this.at({ section, offset });
      // A replacement that is a function is no code but one that computes it (arm64's ALTERNATIVE_CB).
      if (range !== undefined) original = range.owner;
      else if (original !== undefined) {
        getOrAdd(this.#replacements, section).push({ start: offset, owner: original });
      }
    }
  }
}

const NONE: readonly CodeRange[] = [];

/** Ranges of one section, ascending: one for all names of one code. */
function joinAliases(symbols: readonly CodeSymbol[], sectionSize: number): Range[] {
  const sorted = [...symbols].sort((a, b) => a.offset - b.offset);
  const ranges: Range[] = [];
  for (let i = 0; i < sorted.length; ) {
    let next = i;
    while (next < sorted.length && sorted[next]!.offset === sorted[i]!.offset) next++;
    const same = sorted.slice(i, next);
    same.sort((a, b) => rank(a) - rank(b));
    const start = same[0]!.offset;
    const size = same.reduce((most, symbol) => Math.max(most, symbol.size), 0);
    const end = Math.min(size > 0 ? start + size : (sorted[next]?.offset ?? sectionSize), sectionSize);
    const range = {
      name: same[0]!.name,
      aliases: same.slice(1).map((symbol) => symbol.name),
      section: same[0]!.section,
      start,
      end,
      reach: Math.max(end, ranges.at(-1)?.reach ?? 0),
      isFunction: same.some((symbol) => symbol.isFunction),
      owner: undefined as unknown as CodeRange,
    };
    range.owner = range;
    ranges.push(range);
    i = next;
  }
  return ranges;
}

/**
 * Which of several names a code is called by: the one of the function itself where that can be told. It cannot always
 * (an alias looks like what it stands for), but most aliases are global names of a static function
 * (SYSCALL_DEFINE0 makes __x64_sys_foo of __do_sys_foo, module_init init_module), or `foo.localalias` of foo.
 */
function rank({ name, bind, isFunction }: CodeSymbol): number {
  if (!isFunction) return 4;
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
