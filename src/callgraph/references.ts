/**
 * The references to functions that an ELF file's relocations make: calls, and addresses taken. An object and a module
 * (ET_REL) have all of them but what the assembler could do itself: calls of local functions of the same section (all
 * but s390x and RISC-V), and, only in position-independent code, addresses of these (`lea f(%rip)`, Power10's `pla`).
 * A linked image has them where it was linked with --emit-relocs, as x86's vmlinux is.
 */
import {
  type Elf,
  ElfError,
  type ElfSection,
  ET_REL,
  type RelocationTable,
  SHF_ALLOC,
  SHF_EXECINSTR,
  SHN_LIVEPATCH,
  SHT_REL,
  SHT_RELA,
  STB_GLOBAL,
  STB_LOCAL,
  STT_NOTYPE,
  STT_SECTION,
  type SymbolTable,
} from '../elf/index.js';
import { difference } from '../symbols/ftrace-sites.js';
import { nameDecoder } from '../symbols/name-decoder.js';
import { isFunctionType } from '../symbols/object-functions.js';
import {
  type Code,
  ImplicitAddends,
  knowsBranches,
  type RelocationInfo,
  type RelocationRules,
  relocationInfo,
  relocationRulesOf,
  type Transfer,
} from './branch-relocations.js';
import { CodeMap, type CodeRange, offsetInSection } from './code-map.js';
import { instructionSetOf } from './instruction-set.js';

/**
 * - call: the operand of a call or a jump instruction
 * - init: an entry of the tables of functions that run once, at boot (`.initcall*`, `.con_initcall*`, `.init.setup`)
 * - address: anything else
 */
export type ReferenceKind = 'call' | 'init' | 'address';

/** What is referred to: the entry of a function of this file, or a symbol that is not defined in it. */
export interface ReferenceTarget {
  /**
   * The symbol's name, if the relocation names a global or weak one: a weak definition may lose to another one when the
   * file is linked, and the reference then goes to the winner. Else, of several names of a code, the one to call it by.
   */
  readonly name: string;
  /** Undefined where the symbol is undefined; it may be of data then. */
  readonly code: CodeRange | undefined;
}

export interface ReferenceVisitor {
  /**
   * @param section the section that holds the reference, and the offset in it of the relocated field
   * @param by the function whose code it is: of a `.cold` part its function, of a replacement the function that is
   *   patched. Undefined for data, and for code that no function holds
   */
  reference(
    kind: ReferenceKind,
    section: ElfSection,
    offset: number,
    by: CodeRange | undefined,
    target: ReferenceTarget,
  ): void;
}

/**
 * Visits every reference to a function's entry (STT_FUNC, STT_GNU_IFUNC) or to an undefined symbol from what is loaded
 * (SHF_ALLOC). None are those to the middle of code, to data and to `.cold` parts; a jump from a function to its own
 * entry, a loop; those of metadata, which only tell of code; and those to the tracer's entry and to thunks that calls
 * through a pointer and returns go through.
 *
 * @param map of the same file, if there is one already
 * @returns whether calls of its machine are known. If not, every reference is an address
 * @throws ElfError where the file is stripped or damaged
 */
export function readReferences(
  elf: Elf,
  visitor: ReferenceVisitor,
  map: CodeMap = new CodeMap(elf),
): boolean {
  const symbols = elf.symbols();
  const nameOf = nameDecoder(symbols, elf.file);
  const targets = new Targets(elf, map, nameOf);
  const reading = { elf, symbols, map, targets, rules: relocationRulesOf(elf.machine), visitor };
  const tables = elf.type === ET_REL ? NO_TABLES : tablesOf(elf, symbols, nameOf);
  for (const section of elf.sections) {
    if (section.type === SHT_RELA || section.type === SHT_REL) readSection(reading, section, tables);
  }
  return knowsBranches(elf.machine);
}

function readSection(
  reading: Reading,
  relocations: ElfSection,
  tables: ReadonlyMap<number, readonly Table[]>,
): void {
  const { elf } = reading;
  const section = elf.sections[relocations.info];
  if (relocations.info === 0 || section === undefined || (section.flags & SHF_ALLOC) === 0) return;
  const use = useOf(section.name);
  if (use === 'metadata') return;
  const table = elf.relocations(relocations);
  if (!table.ofSymbolTable) {
    if (elf.type !== ET_REL) return; // The dynamic linker's.
    throw new ElfError(elf.file, `has relocations in ${relocations.label} that are of no symbol table`);
  }
  const isRel = relocations.type === SHT_REL;
  const reader = new SectionReader(reading, table, section, use, tables.get(section.index) ?? [], isRel);
  reader.read(relocationInfo(elf, table, relocations));
}

/** What an object's relocations say, in columns that are cheap to post between threads. */
export interface ObjectReferences {
  /** Every name once; all other columns but counts and flags count in it. */
  readonly names: readonly string[];
  /** Calls: each (caller, callee) once. The caller is -1 for code that no function holds. */
  readonly callCaller: Int32Array;
  readonly callCallee: Int32Array;
  /** How many places of the caller call the callee. */
  readonly callCount: Int32Array;
  /** Calls by code that no function holds, again, with the sections of that code: each (callee, section) once. */
  readonly namelessCallee: Int32Array;
  readonly namelessSection: Int32Array;
  /** Addresses taken: each (target, by, section, init) once. */
  readonly addressTarget: Int32Array;
  /** The function whose code takes it; -1 for data, and for code that no function holds. */
  readonly addressBy: Int32Array;
  /** The name of the section that holds the reference. */
  readonly addressSection: Int32Array;
  /** 1 for an entry of an init table. */
  readonly addressInit: Uint8Array;
  /** Whether calls of the machine are known. If not, every call is among the addresses. */
  readonly machineKnown: boolean;
}

/** @throws ElfError where the file is stripped or damaged */
export function readObjectReferences(elf: Elf): ObjectReferences {
  const columns = new Columns();
  const machineKnown = readReferences(elf, columns);
  return columns.finish(machineKnown);
}

/** What the relocations of a section are taken for. */
type SectionUse = 'metadata' | 'init' | 'contents';

/**
 * Tables of places in code, and of what linkers, unwinders and debuggers want to know of it; what they name is neither
 * called nor handed on by them. Of sections of newer kernels: .export_symbol is __ksymtab's source since 6.4, .cfi_sites,
 * .ibt_endbr_seal and .kcfi_traps name entries that are checked or sealed, .sframe unwinds.
 */
const METADATA = new Set([
  '__mcount_loc',
  '__patchable_function_entries',
  '__ex_table',
  '__dbe_table',
  '__bug_table',
  '__jump_table',
  '.altinstructions',
  '.alternative',
  '.parainstructions',
  '.smp_locks',
  '.static_call_sites',
  '.retpoline_sites',
  '.return_sites',
  '.call_sites',
  '.cfi_sites',
  '.ibt_endbr_seal',
  '.kcfi_traps',
  '.nospec_call_table',
  '.nospec_return_table',
  '.export_symbol',
  '_kprobe_blacklist',
  '.gcc_except_table',
  '.sframe',
]);
const METADATA_PREFIX =
  /^(?:\.orc_|\.eh_frame|\.debug|\.discard|__ksymtab|___ksymtab|\.s390_(?:indirect|return)|\.ARM\.ex(?:idx|tab))/;
/** powerpc's: __ftr_fixup, __lwsync_fixup, __stf_entry_barrier_fixup, ... (arch/powerpc/kernel/vmlinux.lds.S). */
const POWER_FIXUPS = /^__\w*_fixup$/;
const INIT_TABLE = /^\.(?:initcall|con_initcall|init\.setup$)/;

function useOf(section: string): SectionUse {
  if (METADATA.has(section) || METADATA_PREFIX.test(section) || POWER_FIXUPS.test(section)) return 'metadata';
  return INIT_TABLE.test(section) ? 'init' : 'contents';
}

/** In a linked image, where the linker script puts such tables into other sections. */
interface Table {
  readonly start: number;
  readonly end: number;
  readonly use: SectionUse;
}

const NO_TABLES: ReadonlyMap<number, readonly Table[]> = new Map();

/** The symbols around init tables (include/asm-generic/vmlinux.lds.h: INIT_CALLS, CON_INITCALL, INIT_SETUP). */
const INIT_BOUNDS = new Map([
  ['__initcall_start', '__initcall_end'],
  ['__con_initcall_start', '__con_initcall_end'],
  ['__setup_start', '__setup_end'],
]);
/** Those around most others: `__start_mcount_loc`, `__start___ex_table`, `__start_static_call_sites`. */
const START = /^__start_(.+)$/;
const TABLE_PREFIXES = ['', '.', '_', '__'];

/** The tables within sections that have another name, by section. */
function tablesOf(elf: Elf, symbols: SymbolTable, nameOf: (symbol: number) => string): Map<number, Table[]> {
  const bounds = new Map<string, number>();
  for (let i = 1; i < symbols.count; i++) {
    if (symbols.type(i) !== STT_NOTYPE || symbols.bind(i) !== STB_GLOBAL || symbols.sectionIndex(i) <= 0)
      continue;
    const name = nameOf(i);
    if (name.startsWith('__')) bounds.set(name, i);
  }
  const tables = new Map<number, Table[]>();
  for (const [name, symbol] of bounds) {
    const { stop, use } = boundsAt(name);
    const other = stop === undefined ? undefined : bounds.get(stop);
    if (other === undefined) continue;
    const section = elf.sections[symbols.sectionIndex(symbol)]!;
    const table = {
      start: offsetInSection(elf, section, symbols, symbol),
      end: offsetInSection(elf, section, symbols, other),
      use,
    };
    const list = tables.get(section.index);
    if (list === undefined) tables.set(section.index, [table]);
    else list.push(table);
  }
  return tables;
}

function boundsAt(name: string): { stop: string | undefined; use: SectionUse } {
  const init = INIT_BOUNDS.get(name);
  if (init !== undefined) return { stop: init, use: 'init' };
  const table = START.exec(name)?.[1];
  const isMetadata =
    table !== undefined && TABLE_PREFIXES.some((prefix) => useOf(prefix + table) === 'metadata');
  return { stop: isMetadata ? `__stop_${table}` : undefined, use: 'metadata' };
}

/** Calls of the tracer (gcc -pg, -mfentry): no calls of the program. */
const TRACER = /^\.?(?:__fentry__|_*mcount|__gnu_mcount_nc)$/;
/** What the linker makes up for position-independent code: tables, and the distances to them. */
const LINKERS_OWN = /^(?:_GLOBAL_OFFSET_TABLE_|\.TOC\.|_gp_disp|__gnu_local_gp|__global_pointer\$)$/;

/** Thunks that calls through a pointer and returns go through, and the tracer's entry. */
function isNobody(machine: number): (name: string) => boolean {
  const set = instructionSetOf(machine);
  return (name) =>
    TRACER.test(name) || set?.thunk?.test(name) === true || set?.returnThunk?.test(name) === true;
}

/** What a symbol is to those who refer to it. */
interface KnownSymbol {
  /** The ELF section index; 0 where no function can be found by the symbol's place. */
  readonly section: number;
  readonly offset: number;
  readonly isFunction: boolean;
  /** Whether it is a label of a linked image: the linker script's are the bounds of sections, where code begins too. */
  readonly isBound: boolean;
  /** Whether it is to be called by its name. */
  readonly isNamed: boolean;
  /** What it is itself: where it is named, and where it is undefined. */
  readonly target: ReferenceTarget | undefined;
}

const NOTHING: KnownSymbol = {
  section: 0,
  offset: 0,
  isFunction: false,
  isBound: false,
  isNamed: false,
  target: undefined,
};

function outside(name: string): KnownSymbol {
  const target = { name, code: undefined };
  return { section: 0, offset: 0, isFunction: false, isBound: false, isNamed: false, target };
}

/** What relocations of one file go to; each symbol is looked at once. */
class Targets {
  readonly #elf: Elf;
  readonly #symbols: SymbolTable;
  readonly #map: CodeMap;
  readonly #nameOf: (symbol: number) => string;
  readonly #isNobody: (name: string) => boolean;
  readonly #known: (KnownSymbol | undefined)[] = [];
  readonly #byCode = new Map<CodeRange, ReferenceTarget | null>();

  constructor(elf: Elf, map: CodeMap, nameOf: (symbol: number) => string) {
    this.#elf = elf;
    this.#symbols = elf.symbols();
    this.#map = map;
    this.#nameOf = nameOf;
    this.#isNobody = isNobody(elf.machine);
  }

  symbol(index: number): KnownSymbol {
    let known = this.#known[index];
    if (known === undefined) {
      known = index === 0 ? NOTHING : this.#read(index);
      this.#known[index] = known;
    }
    return known;
  }

  /**
   * The function whose entry is `distance` behind a defined symbol.
   *
   * @param slack how far behind the entry is the entry still
   */
  behind(known: KnownSymbol, distance: number, slack: number): ReferenceTarget | undefined {
    if (distance === 0 && known.isNamed) return known.target;
    const code = this.#entryAt(known.section, known.offset + distance, slack);
    if (code === undefined) return undefined;
    return known.isNamed && code.start === known.offset ? known.target : this.#targetOf(code);
  }

  #read(index: number): KnownSymbol {
    const symbols = this.#symbols;
    const section = symbols.sectionIndex(index);
    if (section === 0 || symbols.rawSectionIndex(index) === SHN_LIVEPATCH) {
      const name = this.#nameOf(index);
      if (LINKERS_OWN.test(name) || this.#isNobody(name)) return NOTHING;
      return outside(name);
    }
    if (!this.#map.codeSections.has(section)) return NOTHING;
    const offset = offsetInSection(this.#elf, this.#elf.sections[section]!, symbols, index);
    const type = symbols.type(index);
    const isFunction = isFunctionType(type);
    const isBound = type === STT_NOTYPE && this.#elf.type !== ET_REL;
    const isNamed = isFunction && symbols.bind(index) !== STB_LOCAL;
    const target = isNamed ? this.#namedTarget(index, section, offset) : undefined;
    return { section, offset, isFunction, isBound, isNamed, target };
  }

  #namedTarget(index: number, section: number, offset: number): ReferenceTarget | undefined {
    const code = this.#entryAt(section, offset, 0);
    if (code === undefined) return undefined;
    const name = this.#nameOf(index);
    return this.#isNobody(name) ? undefined : { name, code };
  }

  #targetOf(code: CodeRange): ReferenceTarget | undefined {
    let target = this.#byCode.get(code);
    if (target === undefined) {
      target = this.#isNobody(code.name) ? null : { name: code.name, code };
      this.#byCode.set(code, target);
    }
    return target ?? undefined;
  }

  #entryAt(section: number, offset: number, slack: number): CodeRange | undefined {
    const place = { section, offset };
    let code = this.#map.startingAt(place);
    if (code === undefined && slack > 0) {
      code = this.#map.at(place);
      if (code !== undefined && offset - code.start > slack) return undefined;
    }
    return code?.isFunction === true && !code.isFragment ? code : undefined;
  }
}

/** What all sections of one file have in common. */
interface Reading {
  readonly elf: Elf;
  readonly symbols: SymbolTable;
  readonly map: CodeMap;
  readonly targets: Targets;
  readonly rules: RelocationRules;
  readonly visitor: ReferenceVisitor;
}

const NO_BYTES = new Uint8Array(0);

/** Reads the relocations of one section. It runs a million times for a kernel: nothing is allocated per relocation. */
class SectionReader {
  readonly #reading: Reading;
  readonly #table: RelocationTable;
  readonly #section: ElfSection;
  readonly #use: SectionUse;
  /** Tables within the section, of a linked image. */
  readonly #tables: readonly Table[];
  readonly #isCode: boolean;
  readonly #code: Code;
  readonly #isLinked: boolean;
  /** Where the addends are not in the relocations themselves. */
  readonly #implicit: ImplicitAddends | undefined;

  constructor(
    reading: Reading,
    table: RelocationTable,
    section: ElfSection,
    use: SectionUse,
    tables: readonly Table[],
    isRel: boolean,
  ) {
    const { elf } = reading;
    this.#reading = reading;
    this.#table = table;
    this.#section = section;
    this.#use = use;
    this.#tables = tables;
    this.#isCode = (section.flags & SHF_EXECINSTR) !== 0;
    const bytes = this.#isCode || isRel ? elf.sectionBytes(section) : NO_BYTES;
    this.#code = { bytes, littleEndian: elf.littleEndian };
    this.#isLinked = elf.type !== ET_REL;
    this.#implicit = isRel ? new ImplicitAddends(elf.machine, this.#code) : undefined;
  }

  read(info: RelocationInfo): void {
    const { targets, rules } = this.#reading;
    for (let i = 0; i < this.#table.count; i++) {
      const type = info.type(i);
      if (!rules.refers(type)) continue;
      const symbol = info.symbol(i);
      const known = targets.symbol(symbol);
      if (known === NOTHING) continue;
      if (rules.refersToFunctionsOnly(type) && !known.isFunction && known.section !== 0) continue;
      this.#refer(i, type, symbol, known);
    }
  }

  #refer(i: number, type: number, symbol: number, known: KnownSymbol): void {
    const { map, rules, visitor } = this.#reading;
    const offset = this.#placeOf(i);
    const use = this.#tables.length === 0 ? this.#use : useAt(this.#tables, offset, this.#use);
    if (use === 'metadata') return;
    const transfer = this.#isCode ? rules.transfer(type, this.#code, offset) : undefined;
    if (known.isBound && transfer === undefined) return;
    const target =
      known.section === 0 ? known.target : this.#target(i, type, symbol, known, offset, transfer);
    if (target === undefined) return;
    const holder = this.#isCode ? map.ownerAt({ section: this.#section.index, offset }) : undefined;
    const by = holder?.isFunction === true ? holder : undefined;
    // A loop that begins with the function.
    if (transfer === 'jump' && by !== undefined && by === target.code) return;
    visitor.reference(kindOf(transfer, use), this.#section, offset, by, target);
  }

  #placeOf(i: number): number {
    const { elf } = this.#reading;
    const table = this.#table;
    const section = this.#section;
    if (this.#isLinked) {
      return difference(table.offsetHigh(i), table.offsetLow(i), section.addressHigh, section.addressLow);
    }
    const offset = table.targetOffset(i);
    if (offset < section.size) return offset;
    throw new ElfError(elf.file, `has a relocation of what is not in section ${section.label}`);
  }

  #target(
    i: number,
    type: number,
    symbol: number,
    known: KnownSymbol,
    offset: number,
    transfer: Transfer,
  ): ReferenceTarget | undefined {
    const { targets, rules } = this.#reading;
    const slack = transfer === undefined ? 0 : rules.entrySize;
    const bias = this.#isCode ? rules.bias(type) : 0;
    if (this.#implicit === undefined) return targets.behind(known, this.#table.addend(i) + bias, slack);
    if (!this.#isLinked) {
      const addend = this.#implicit.of(
        type,
        symbol,
        this.#reading.symbols.bind(symbol) === STB_LOCAL,
        offset,
      );
      return addend === undefined ? undefined : targets.behind(known, addend + bias, slack);
    }
    // What a named symbol's addend was is not asked of the field, which may go through the linker's own code.
    if (this.#reading.symbols.type(symbol) !== STT_SECTION) return targets.behind(known, 0, slack);
    const address = this.#implicit.linked(type, symbol, offset, this.#section.addressLow + offset);
    if (address === undefined) return undefined;
    const base = this.#reading.elf.sections[known.section]!.addressLow + known.offset;
    return targets.behind(known, ((address - base) | 0) + bias, slack);
  }
}

function useAt(tables: readonly Table[], offset: number, otherwise: SectionUse): SectionUse {
  for (const { start, end, use } of tables) if (offset >= start && offset < end) return use;
  return otherwise;
}

function kindOf(transfer: Transfer, use: SectionUse): ReferenceKind {
  if (transfer !== undefined) return 'call';
  return use === 'init' ? 'init' : 'address';
}

/** More names than this no file has, and the product of two stays an exact double. */
const MOST = 2 ** 26;
/** Hardly a file has more than this, and pairs of them are small integers, which maps need no memory for. */
const FEW = 2 ** 15;

/** One number for two. */
function pair(a: number, b: number): number {
  return a < FEW && b < FEW ? a * FEW + b : a * MOST + b + FEW * FEW;
}

/** Collects an object's references. */
class Columns implements ReferenceVisitor {
  readonly #names: string[] = [];
  readonly #ids = new Map<string, number>();
  /** (caller, callee) -> row. */
  readonly #calls = new Map<number, number>();
  readonly #caller: number[] = [];
  readonly #callee: number[] = [];
  readonly #count: number[] = [];
  readonly #nameless = new Set<number>();
  readonly #namelessCallee: number[] = [];
  readonly #namelessSection: number[] = [];
  /** Who takes addresses, (by, section, init) -> a number. */
  readonly #takers = new Map<number, number>();
  readonly #addresses = new Set<number>();
  readonly #target: number[] = [];
  readonly #by: number[] = [];
  readonly #section: number[] = [];
  readonly #init: number[] = [];
  /** References come in the order of the code, so it is nearly always the function of the one before. */
  #last: CodeRange | undefined;
  #lastName = -1;

  reference(
    kind: ReferenceKind,
    section: ElfSection,
    _offset: number,
    by: CodeRange | undefined,
    target: ReferenceTarget,
  ): void {
    const name = this.#name(target.name);
    if (by !== this.#last) {
      this.#last = by;
      this.#lastName = by === undefined ? -1 : this.#name(by.name);
    }
    const holder = this.#lastName;
    if (kind !== 'call') {
      this.#addAddress(name, holder, this.#name(section.name), kind === 'init' ? 1 : 0);
      return;
    }
    this.#addCall(holder, name);
    if (by === undefined) this.#addNameless(name, this.#name(section.name));
  }

  finish(machineKnown: boolean): ObjectReferences {
    return {
      names: this.#names,
      callCaller: new Int32Array(this.#caller),
      callCallee: new Int32Array(this.#callee),
      callCount: new Int32Array(this.#count),
      namelessCallee: new Int32Array(this.#namelessCallee),
      namelessSection: new Int32Array(this.#namelessSection),
      addressTarget: new Int32Array(this.#target),
      addressBy: new Int32Array(this.#by),
      addressSection: new Int32Array(this.#section),
      addressInit: new Uint8Array(this.#init),
      machineKnown,
    };
  }

  #name(text: string): number {
    let id = this.#ids.get(text);
    if (id === undefined) {
      id = this.#names.length;
      this.#ids.set(text, id);
      this.#names.push(text);
    }
    return id;
  }

  #addCall(caller: number, callee: number): void {
    const call = pair(caller + 1, callee);
    const row = this.#calls.get(call);
    if (row !== undefined) {
      this.#count[row]!++;
      return;
    }
    this.#calls.set(call, this.#count.length);
    this.#caller.push(caller);
    this.#callee.push(callee);
    this.#count.push(1);
  }

  #addNameless(callee: number, section: number): void {
    const call = pair(callee, section);
    if (this.#nameless.has(call)) return;
    this.#nameless.add(call);
    this.#namelessCallee.push(callee);
    this.#namelessSection.push(section);
  }

  #addAddress(target: number, by: number, section: number, init: number): void {
    const who = pair(by + 1, section * 2 + init);
    let taker = this.#takers.get(who);
    if (taker === undefined) {
      taker = this.#takers.size;
      this.#takers.set(who, taker);
    }
    const address = pair(target, taker);
    if (this.#addresses.has(address)) return;
    this.#addresses.add(address);
    this.#target.push(target);
    this.#by.push(by);
    this.#section.push(section);
    this.#init.push(init);
  }
}
