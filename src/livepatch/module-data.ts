import {
  type Elf,
  type ElfSection,
  ET_REL,
  NO_SECTION,
  type RelocationTable,
  SHF_ALLOC,
  SHF_EXECINSTR,
  SHF_RELA_LIVEPATCH,
  SHT_NOBITS,
  SHT_REL,
  SHT_RELA,
  STT_FUNC,
  STT_OBJECT,
  STT_SECTION,
} from '../elf/index.js';
import { InputError } from '../errors.js';

/** Longer than the longest symbol (KSYM_NAME_LEN, 512) and the longest module name (MODULE_NAME_LEN, 56 or 64). */
const LONGEST_STRING = 1024;

/** Where a pointer points: into a section of the module, or to a symbol that it does not define. */
export interface Pointer {
  readonly section: ElfSection | undefined;
  readonly offset: number;
  /** The relocation's symbol; '' for a section's. */
  readonly symbol: string;
}

/** A relocation of a section: its own place, and its place in its table. */
interface Site {
  readonly offset: number;
  readonly table: RelocationTable;
  readonly index: number;
}

/**
 * The data of a module that is not yet loaded (ET_REL): its pointers are relocations, and the words under them say
 * nothing.
 */
export class ModuleData {
  readonly file: string;
  /** Of a pointer, in bytes. */
  readonly width: number;
  private readonly sites = new Map<ElfSection, readonly Site[]>();
  private readonly places: SymbolPlaces;

  constructor(readonly elf: Elf) {
    this.file = elf.file;
    this.width = elf.class / 8;
    if (elf.type !== ET_REL) {
      throw new InputError(elf.file, 'is linked: a module is an ET_REL file', 'give the .ko');
    }
    this.places = new SymbolPlaces(elf);
  }

  /** Sections in memory that have data, and so may have pointers. */
  get dataSections(): ElfSection[] {
    return this.elf.sections.filter(({ flags, hasData }) => (flags & SHF_ALLOC) !== 0 && hasData);
  }

  /** The offsets of the section's pointers in [start, end), ascending; each once. */
  pointerOffsets(section: ElfSection, start = 0, end = section.size): number[] {
    const sites = this.sitesOf(section);
    const offsets: number[] = [];
    for (let i = lowerBound(sites, start); i < sites.length && sites[i]!.offset < end; i++) {
      if (offsets.at(-1) !== sites[i]!.offset) offsets.push(sites[i]!.offset);
    }
    return offsets;
  }

  /** The pointer at that place; undefined where there is none, so that it is NULL. */
  pointer(section: ElfSection, at: number): Pointer | undefined {
    const sites = this.sitesOf(section);
    const site = sites[lowerBound(sites, at)];
    if (site === undefined || site.offset !== at) return undefined;
    const symbols = this.elf.symbols();
    const symbol = site.table.symbol(site.index);
    const sectionIndex = symbols.sectionIndex(symbol);
    const inside = sectionIndex > 0 && sectionIndex !== NO_SECTION;
    return {
      section: inside ? this.elf.sections[sectionIndex] : undefined,
      offset: (inside ? symbols.offsetValue(symbol) : 0) + site.table.addend(site.index),
      symbol: symbols.type(symbol) === STT_SECTION ? '' : symbols.name(symbol),
    };
  }

  /** Whether a pointer can be a function's: it points into code, or to a symbol of another file. */
  isCode({ section }: Pointer): boolean {
    return section === undefined || (section.flags & SHF_EXECINSTR) !== 0;
  }

  /** The number that stands there, as wide as a pointer. @throws InputError where it lies outside, or above 2^53 */
  word(section: ElfSection, at: number): number {
    // An array that is all zeros, such as an empty one, is in .bss.
    if (section.type === SHT_NOBITS && at >= 0 && at + this.width <= section.size) return 0;
    const { high, low } = this.elf.pointerAt(section, at);
    const number = high * 0x1_0000_0000 + low;
    if (!Number.isSafeInteger(number)) throw this.damaged(`an impossible number at ${section.name}+${at}`);
    return number;
  }

  /** Whether all bytes there are 0. */
  isZero(section: ElfSection, start: number, end: number): boolean {
    if (section.type === SHT_NOBITS) return true;
    return this.elf
      .sectionBytes(section)
      .subarray(start, end)
      .every((byte) => byte === 0);
  }

  /** The NUL-ended name that a pointer points to. @throws InputError where there is no such name */
  string(pointer: Pointer, what: string): string {
    const { section, offset } = pointer;
    if (section !== undefined && section.type !== SHT_NOBITS && offset >= 0 && offset < section.size) {
      const bytes = this.elf.sectionBytes(section).subarray(offset, offset + LONGEST_STRING);
      const text = Buffer.from(bytes.subarray(0, Math.max(bytes.indexOf(0), 0))).toString('latin1');
      if (/^[\x21-\x7e]+$/.test(text)) return text;
    }
    throw this.damaged(`${what} that is no name`);
  }

  /** The function at a pointer: by its symbol, or by the function symbol that stands there. */
  functionAt(pointer: Pointer): string | undefined {
    const { section, offset, symbol } = pointer;
    if (section === undefined) return symbol === '' ? undefined : symbol;
    return this.places.functions.get(key(section.index, offset)) ?? (symbol === '' ? undefined : symbol);
  }

  /** The bytes of the object that stands exactly there; undefined where no symbol tells. */
  objectSize(section: ElfSection, offset: number): number | undefined {
    return this.places.objectSizes.get(key(section.index, offset));
  }

  /** Where the next object of the section begins, as its symbols tell: the section's end without. */
  nextObject(section: ElfSection, offset: number): number {
    const starts = this.places.objectStarts.get(section.index) ?? [];
    return starts.find((start) => start > offset) ?? section.size;
  }

  damaged(what: string): InputError {
    return new InputError(this.file, `has ${what}`, 'is the module complete, and is it a livepatch?');
  }

  private sitesOf(section: ElfSection): readonly Site[] {
    let sites = this.sites.get(section);
    if (sites === undefined) {
      sites = this.readSites(section);
      this.sites.set(section, sites);
    }
    return sites;
  }

  private readSites(section: ElfSection): Site[] {
    const sites: Site[] = [];
    for (const relocations of this.elf.sections) {
      if (
        (relocations.type !== SHT_RELA && relocations.type !== SHT_REL) ||
        relocations.info !== section.index
      )
        continue;
      if ((relocations.flags & SHF_RELA_LIVEPATCH) !== 0) continue;
      const table = relocationsOf(this.elf, relocations);
      for (let index = 0; index < table.count; index++) {
        // R_*_NONE of no symbol: a relocation that a tool took away.
        if (table.symbol(index) === 0 && table.type(index) === 0) continue;
        sites.push({ offset: table.targetOffset(index), table, index });
      }
    }
    return sites.sort((a, b) => a.offset - b.offset);
  }
}

/** The relocations of a module's section. @throws InputError where they are not of its symbols */
export function relocationsOf(elf: Elf, section: ElfSection): RelocationTable {
  const table = elf.relocations(section);
  if (table.ofSymbolTable) return table;
  throw new InputError(elf.file, `has relocations in ${section.label} of no symbol table`, 'is it damaged?');
}

/** Where the module's functions and objects are. */
class SymbolPlaces {
  readonly functions = new Map<string, string>();
  readonly objectSizes = new Map<string, number>();
  /** By section, ascending. */
  readonly objectStarts = new Map<number, number[]>();

  constructor(elf: Elf) {
    const symbols = elf.symbols();
    for (let i = 1; i < symbols.count; i++) {
      const type = symbols.type(i);
      if (type !== STT_FUNC && type !== STT_OBJECT) continue;
      const section = symbols.sectionIndex(i);
      if (section <= 0) continue;
      const place = key(section, symbols.offsetValue(i));
      if (type === STT_FUNC) {
        // Of two names for one function, the first; a local one (`foo.localalias`) comes before the real one.
        if (symbols.bind(i) !== 0 || !this.functions.has(place)) this.functions.set(place, symbols.name(i));
        continue;
      }
      if (symbols.size(i) === 0) continue;
      this.objectSizes.set(place, symbols.size(i));
      const starts = this.objectStarts.get(section) ?? [];
      this.objectStarts.set(section, starts);
      starts.push(symbols.offsetValue(i));
    }
    for (const starts of this.objectStarts.values()) starts.sort((a, b) => a - b);
  }
}

const key = (section: number, offset: number) => `${section}:${offset}`;

function lowerBound(sites: readonly Site[], offset: number): number {
  let low = 0;
  let high = sites.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sites[middle]!.offset < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
