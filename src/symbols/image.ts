import {
  type Elf,
  ET_REL,
  openElf,
  STB_LOCAL,
  STT_FILE,
  STT_SECTION,
  type SymbolTable,
} from '../elf/index.js';
import { difference, type FtraceSites, objectSites, vmlinuxSites } from './ftrace-sites.js';
import { isCoreModuleSection, isDefined, isIgnoredName, isInVmlinuxKallsyms } from './kallsyms-rules.js';
import { nameDecoder } from './name-decoder.js';
import { isFunctionType } from './object-functions.js';
import { countPositions } from './sympos.js';
import { markTraceable } from './traceable.js';

/**
 * The symbols of a linked image, vmlinux or a module, as columns in the order of its symbol table: symbol i is names[i],
 * address[i], ... Plain arrays without methods, so that a worker can post them.
 *
 * All symbols with a name that `nm` prints, undefined ones too; `kept` tells which of them kallsyms has (of a module:
 * still has when its init function has run).
 */
export interface Image {
  readonly file: string;
  readonly kind: 'vmlinux' | 'module';
  /** EM_... */
  readonly machine: number;
  /** Whether there is a table of ftrace sites at all. */
  readonly hasSites: boolean;
  readonly names: readonly string[];
  /** st_value: in vmlinux the address, in a module the offset in the symbol's section. Exact. */
  readonly address: BigUint64Array;
  /** In bytes. */
  readonly size: Float64Array;
  /** STT_... */
  readonly type: Uint8Array;
  /** STB_... */
  readonly binding: Uint8Array;
  /** The ELF section index, which is the index in `sections`; -1 for absolute symbols, 0 for undefined ones. */
  readonly section: Int32Array;
  /** The names of all sections. */
  readonly sections: readonly string[];
  /**
   * For a local symbol, the group of local symbols that it stands in: one compiler run's. -1 for others. Groups count
   * in `groups`; two groups may have the same file name, and an empty one is the linker's own.
   */
  readonly group: Int32Array;
  /** The base name of each group's source file, as the compiler wrote it. */
  readonly groups: readonly string[];
  /** The index in the ELF symbol table. */
  readonly symbolIndex: Uint32Array;
  /** 1 for a function that ftrace, and so livepatch, can redirect. */
  readonly traceable: Uint8Array;
  /** 1 for a symbol that counts for sympos once the object is live. */
  readonly kept: Uint8Array;
  /**
   * Counted from 1 among the kept symbols of the same name; 0 where the symbol is not kept. As sympos, 0 may be
   * written where `total` is 1.
   */
  readonly position: Uint32Array;
  /** How many kept symbols have this name. */
  readonly total: Uint32Array;
  /**
   * The same while a module is being loaded. Its init function has not run then, and livepatch, called by
   * prepare_coming_module (kernel/module/main.c), sees its full symbol table, so init symbols of the same name count
   * too. In vmlinux equal to `position` and `total`.
   */
  readonly loadingPosition: Uint32Array;
  readonly loadingTotal: Uint32Array;
  /** The next symbol of the same name, in the order of positions; -1 after the last. See symbolsNamed. */
  readonly nextOfName: Int32Array;
}

/**
 * Reads the symbols of vmlinux (ET_EXEC, ET_DYN) or of a module (ET_REL).
 *
 * @param bytes the whole file, not compressed
 * @param file its name, for messages
 * @throws ElfError where the file is stripped, damaged, or no ELF file
 */
export function readImage(bytes: Uint8Array, file: string): Image {
  return imageOf(openElf(bytes, file));
}

/** The same of a file that is open. */
export function imageOf(elf: Elf): Image {
  const { file } = elf;
  const symbols = elf.symbols();
  const kind = elf.type === ET_REL ? 'module' : 'vmlinux';
  const chosen = kind === 'module' ? chooseOfModule(elf, symbols) : chooseOfVmlinux(elf, symbols);

  const { rows } = chosen;
  const count = rows.length;
  const address = new BigUint64Array(count);
  const size = new Float64Array(count);
  const type = new Uint8Array(count);
  const binding = new Uint8Array(count);
  const section = new Int32Array(count);
  const group = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const symbol = rows[i]!;
    address[i] = symbols.value(symbol);
    size[i] = symbols.size(symbol);
    type[i] = symbols.type(symbol);
    binding[i] = symbols.bind(symbol);
    section[i] = symbols.sectionIndex(symbol);
    group[i] = binding[i] === STB_LOCAL ? chosen.rowGroups[i]! : -1;
  }
  const names = chosen.names;
  const order = kind === 'vmlinux' ? { address } : undefined;
  const live = countPositions(names, chosen.kept, order);
  const defined = Uint8Array.from(rows, (row) => (isDefined(symbols, row) ? 1 : 0));
  const loading = kind === 'vmlinux' ? live : countPositions(names, defined, undefined);
  return {
    file,
    kind,
    machine: elf.machine,
    hasSites: chosen.sites.present,
    names,
    address,
    size,
    type,
    binding,
    section,
    sections: elf.sections.map((header) => header.name),
    group,
    groups: chosen.groups,
    symbolIndex: Uint32Array.from(rows),
    traceable: traceableSymbols(elf, symbols, rows, section, size, chosen.sites),
    kept: chosen.kept,
    position: live.position,
    total: live.total,
    loadingPosition: loading.position,
    loadingTotal: loading.total,
    nextOfName: loading.nextOfName,
  };
}

/** Finds the symbols of a name: their indices in the image, in the order of positions. Made once for many questions. */
export function symbolsNamed(image: Image): (name: string) => number[] {
  const { names, nextOfName } = image;
  const first = new Map<string, number>();
  const hasPrevious = new Uint8Array(names.length);
  for (const next of nextOfName) if (next >= 0) hasPrevious[next] = 1;
  for (let i = 0; i < names.length; i++) if (hasPrevious[i] === 0) first.set(names[i]!, i);
  return (name) => {
    const found: number[] = [];
    for (let i = first.get(name) ?? -1; i >= 0; i = nextOfName[i]!) found.push(i);
    return found;
  };
}

interface Chosen {
  /** Indices in the ELF symbol table. */
  readonly rows: readonly number[];
  readonly names: readonly string[];
  /** The group that each row's symbol would be in if it is local. */
  readonly rowGroups: readonly number[];
  readonly groups: readonly string[];
  readonly kept: Uint8Array;
  readonly sites: FtraceSites;
}

function chooseOfVmlinux(elf: Elf, symbols: SymbolTable): Chosen {
  const rows: number[] = [];
  const names: string[] = [];
  const rowGroups: number[] = [];
  const groups: string[] = [];
  const kept: number[] = [];
  const nameOf = nameDecoder(symbols, elf.file);
  let start = -1;
  let stop = -1;
  for (let i = 1; i < symbols.count; i++) {
    if (symbols.type(i) === STT_FILE) {
      groups.push(nameOf(i));
      continue;
    }
    if (symbols.type(i) === STT_SECTION) continue;
    const name = nameOf(i);
    if (name === '') continue;
    if (name === '__start_mcount_loc') start = i;
    else if (name === '__stop_mcount_loc') stop = i;
    const index = symbols.sectionIndex(i);
    const inKallsyms = isInVmlinuxKallsyms(symbols, i, index < 0 ? undefined : elf.sections[index]);
    rows.push(i);
    names.push(name);
    rowGroups.push(groups.length - 1);
    kept.push(inKallsyms && !isIgnoredName(name) ? 1 : 0);
  }
  return {
    rows,
    names,
    rowGroups,
    groups,
    kept: Uint8Array.from(kept),
    sites: vmlinuxSites(elf, symbols, start, stop),
  };
}

function chooseOfModule(elf: Elf, symbols: SymbolTable): Chosen {
  const core = Uint8Array.from(elf.sections, (section) => (isCoreModuleSection(section) ? 1 : 0));
  const rows: number[] = [];
  const names: string[] = [];
  const rowGroups: number[] = [];
  const groups: string[] = [];
  const kept: number[] = [];
  const nameOf = nameDecoder(symbols, elf.file);
  for (let i = 1; i < symbols.count; i++) {
    const type = symbols.type(i);
    if (type === STT_FILE) {
      groups.push(nameOf(i));
      continue;
    }
    if (type === STT_SECTION) continue;
    const index = symbols.sectionIndex(i);
    const name = nameOf(i);
    if (name === '') continue;
    rows.push(i);
    names.push(name);
    rowGroups.push(groups.length - 1);
    kept.push(index > 0 ? core[index]! : 0);
  }
  return { rows, names, rowGroups, groups, kept: Uint8Array.from(kept), sites: objectSites(elf, symbols) };
}

/** A column like the others, for the rows that are functions. */
function traceableSymbols(
  elf: Elf,
  symbols: SymbolTable,
  rows: readonly number[],
  section: Int32Array,
  size: Float64Array,
  sites: FtraceSites,
): Uint8Array {
  const traceable = new Uint8Array(rows.length);
  const functions: number[] = [];
  const places = { section: [] as number[], offset: [] as number[], size: [] as number[] };
  for (let i = 0; i < rows.length; i++) {
    const symbol = rows[i]!;
    if (!isFunctionType(symbols.type(symbol)) || section[i]! <= 0) continue;
    const header = elf.sections[section[i]!]!;
    functions.push(i);
    places.section.push(section[i]!);
    places.size.push(size[i]!);
    places.offset.push(
      elf.type === ET_REL
        ? symbols.offsetValue(symbol)
        : difference(
            symbols.valueHigh(symbol),
            symbols.valueLow(symbol),
            header.addressHigh,
            header.addressLow,
          ),
    );
  }
  const marks = new Uint8Array(functions.length);
  markTraceable(places, sites, marks);
  for (let f = 0; f < functions.length; f++) traceable[functions[f]!] = marks[f]!;
  return traceable;
}
