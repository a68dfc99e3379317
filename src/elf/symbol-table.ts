import type { ByteReader } from './byte-reader.js';
import { SHN_LORESERVE, SHN_XINDEX, SHT_STRTAB, SHT_SYMTAB_SHNDX, STB_LOCAL, STT_FILE } from './constants.js';
import { ElfError } from './elf-error.js';
import type { ElfSection } from './section.js';

/** What SymbolTable.sectionIndex gives for SHN_ABS, SHN_COMMON, SHN_LIVEPATCH and the other reserved indices. */
export const NO_SECTION = -1;

/**
 * The symbols of a file, by index; [0] is the empty one. Nothing is decoded before it is asked for, and nothing is kept.
 * Every method takes an index below `count`.
 */
export class SymbolTable {
  readonly count: number;
  private readonly at: number;
  private readonly entry: number;
  private readonly is64: boolean;
  private readonly stringsAt: number;
  private readonly stringsSize: number;
  private readonly sectionCount: number;
  /** Where the 32-bit section indices are (SHT_SYMTAB_SHNDX), or -1. */
  private readonly indicesAt: number;
  /** The STT_FILE symbol before each symbol; filled by the first fileOf. */
  private files: Int32Array | undefined;

  /** @internal use Elf.symbols */
  constructor(
    private readonly reader: ByteReader,
    elfClass: 32 | 64,
    sections: readonly ElfSection[],
    section: ElfSection,
  ) {
    const { file } = reader;
    this.is64 = elfClass === 64;
    this.entry = this.is64 ? 24 : 16;
    if (section.entsize !== this.entry || section.size % this.entry !== 0) {
      throw new ElfError(file, `has a symbol table that is not made of entries of ${this.entry} bytes`);
    }
    const strings = sections[section.link];
    if (strings === undefined || strings.type !== SHT_STRTAB) {
      throw new ElfError(file, 'has a symbol table whose names are in a section that is no string table');
    }
    this.count = section.size / this.entry;
    this.at = section.offset;
    this.stringsAt = strings.offset;
    this.stringsSize = strings.size;
    this.sectionCount = sections.length;
    this.indicesAt = findIndices(sections, section, this.count, file);
  }

  /** @throws ElfError where the name is not in the string table */
  name(i: number): string {
    const offset = this.reader.u32(this.at + i * this.entry);
    return this.reader.string(this.stringsAt, this.stringsSize, offset, `symbol ${i}`);
  }

  /** The bytes of the string table: what all names together can hold, unless they overlap. */
  get namesSize(): number {
    return this.stringsSize;
  }

  /** The address; in an ET_REL file, the offset in its section. */
  value(i: number): bigint {
    return this.is64 ? this.reader.u64(this.at + i * 24 + 8) : BigInt(this.reader.u32(this.at + i * 16 + 4));
  }

  valueHigh(i: number): number {
    return this.is64 ? this.reader.high(this.at + i * 24 + 8) : 0;
  }

  valueLow(i: number): number {
    return this.is64 ? this.reader.low(this.at + i * 24 + 8) : this.reader.u32(this.at + i * 16 + 4);
  }

  /**
   * The value as a number, for an offset in a section.
   *
   * @throws ElfError where it is 2^53 or more
   */
  offsetValue(i: number): number {
    return this.exact(i, 'value', this.is64 ? this.reader.rough64(this.at + i * 24 + 8) : this.valueLow(i));
  }

  /** In bytes. @throws ElfError where it is 2^53 or more */
  size(i: number): number {
    return this.exact(
      i,
      'size',
      this.is64 ? this.reader.rough64(this.at + i * 24 + 16) : this.reader.u32(this.at + i * 16 + 8),
    );
  }

  /** STB_... */
  bind(i: number): number {
    return this.info(i) >> 4;
  }

  /** STT_... */
  type(i: number): number {
    return this.info(i) & 0xf;
  }

  /** st_shndx as it is in the file: SHN_LIVEPATCH, SHN_ABS or SHN_XINDEX too. */
  rawSectionIndex(i: number): number {
    return this.reader.u16(this.at + i * this.entry + (this.is64 ? 6 : 14));
  }

  /**
   * The index of the symbol's section: 0 where it is undefined, NO_SECTION where its index is a reserved one (see
   * rawSectionIndex). A file with more than 65,279 sections has section indices that look like reserved ones, and
   * only this method tells them apart.
   *
   * @throws ElfError where there is no such section
   */
  sectionIndex(i: number): number {
    let index = this.rawSectionIndex(i);
    if (index >= SHN_LORESERVE) {
      if (index !== SHN_XINDEX) return NO_SECTION;
      if (this.indicesAt < 0) {
        throw new ElfError(
          this.reader.file,
          `says that symbol ${i}'s section is in a table of indices, but has none`,
        );
      }
      index = this.reader.u32(this.indicesAt + i * 4);
    }
    if (index >= this.sectionCount) {
      throw new ElfError(
        this.reader.file,
        `has symbol ${i} in section [${index}], but only ${this.sectionCount} sections`,
      );
    }
    return index;
  }

  /** The index of the STT_FILE symbol that a local symbol stands behind, or -1 (no file, or not a local symbol). */
  fileOf(i: number): number {
    if (this.files === undefined) {
      this.files = new Int32Array(this.count).fill(-1);
      let file = -1;
      for (let symbol = 1; symbol < this.count; symbol++) {
        if (this.bind(symbol) !== STB_LOCAL) continue;
        if (this.type(symbol) === STT_FILE) file = symbol;
        else this.files[symbol] = file;
      }
    }
    return this.files[i]!;
  }

  private info(i: number): number {
    return this.reader.u8(this.at + i * this.entry + (this.is64 ? 4 : 12));
  }

  private exact(i: number, what: string, number: number): number {
    if (number > Number.MAX_SAFE_INTEGER) {
      throw new ElfError(this.reader.file, `has an impossible ${what} at symbol ${i}`);
    }
    return number;
  }
}

function findIndices(
  sections: readonly ElfSection[],
  table: ElfSection,
  symbols: number,
  file: string,
): number {
  for (const section of sections) {
    if (section.type !== SHT_SYMTAB_SHNDX || section.link !== table.index) continue;
    if (section.size < symbols * 4) {
      throw new ElfError(file, 'has a table of section indices that is shorter than its symbol table');
    }
    return section.offset;
  }
  return -1;
}
