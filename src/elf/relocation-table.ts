import type { ByteReader } from './byte-reader.js';
import { SHT_NOBITS, SHT_NULL, SHT_REL, SHT_RELA, SHT_SYMTAB } from './constants.js';
import { ElfError } from './elf-error.js';
import type { ElfSection } from './section.js';

/**
 * The relocations of one section. Every method takes an index below `count`. MIPS64's split r_info is not known here.
 */
export class RelocationTable {
  readonly count: number;
  /** The section that is relocated, where the header names one. */
  readonly target: ElfSection | undefined;
  private readonly at: number;
  private readonly entry: number;
  private readonly is64: boolean;
  private readonly hasAddends: boolean;
  private readonly symbolCount: number;

  /** @internal use Elf.relocations */
  constructor(
    private readonly reader: ByteReader,
    elfClass: 32 | 64,
    sections: readonly ElfSection[],
    private readonly section: ElfSection,
  ) {
    const { file } = reader;
    this.is64 = elfClass === 64;
    this.hasAddends = section.type === SHT_RELA;
    if (!this.hasAddends && section.type !== SHT_REL) {
      throw new ElfError(file, `has no relocations in section ${section.label}`);
    }
    this.entry = (this.is64 ? 8 : 4) * (this.hasAddends ? 3 : 2);
    if (section.entsize !== this.entry || section.size % this.entry !== 0) {
      throw new ElfError(
        file,
        `has relocations in ${section.label} that are not made of entries of ${this.entry} bytes`,
      );
    }
    this.count = section.size / this.entry;
    this.at = section.offset;
    this.target = section.info === 0 ? undefined : sections[section.info];
    if (section.info !== 0 && (this.target === undefined || this.target === section)) {
      throw new ElfError(file, `has relocations in ${section.label} of a section that cannot have them`);
    }
    const symbols = sections[section.link];
    // A link to .dynsym, or to nothing, is right in a linked image: its relocations are of another table's symbols.
    this.symbolCount =
      symbols !== undefined && symbols.type === SHT_SYMTAB ? symbols.size / (this.is64 ? 24 : 16) : -1;
  }

  /** Whether symbol(i) counts in Elf.symbols(); otherwise the relocations are the dynamic linker's. */
  get ofSymbolTable(): boolean {
    return this.symbolCount >= 0;
  }

  /**
   * What is relocated: in an ET_REL file an offset in the target, in a linked image an address.
   */
  offset(i: number): bigint {
    const at = this.at + i * this.entry;
    return this.is64 ? this.reader.u64(at) : BigInt(this.reader.u32(at));
  }

  offsetHigh(i: number): number {
    return this.is64 ? this.reader.high(this.at + i * this.entry) : 0;
  }

  offsetLow(i: number): number {
    const at = this.at + i * this.entry;
    return this.is64 ? this.reader.low(at) : this.reader.u32(at);
  }

  /** offset(i) as a number, for an ET_REL file. @throws ElfError where it is 2^53 or more */
  targetOffset(i: number): number {
    const offset = this.offsetHigh(i) * 0x1_0000_0000 + this.offsetLow(i);
    if (offset > Number.MAX_SAFE_INTEGER) throw this.impossible(i);
    return offset;
  }

  /** The index of the symbol; 0 for none. @throws ElfError where the symbol table has no such symbol */
  symbol(i: number): number {
    const at = this.at + i * this.entry;
    const symbol = this.is64 ? this.reader.high(at + 8) : this.reader.u32(at + 4) >>> 8;
    if (symbol !== 0 && this.symbolCount >= 0 && symbol >= this.symbolCount) throw this.impossible(i);
    return symbol;
  }

  /** R_..., whose meaning is the machine's. */
  type(i: number): number {
    const at = this.at + i * this.entry;
    return this.is64 ? this.reader.low(at + 8) : this.reader.u32(at + 4) & 0xff;
  }

  /** The addend, modulo 2^64 or 2^32, as its halves; of SHT_REL, the pointer that stands at the target offset. */
  addendHigh(i: number): number {
    if (!this.is64) return 0;
    return this.reader.high(this.hasAddends ? this.at + i * this.entry + 16 : this.implicitAt(i));
  }

  addendLow(i: number): number {
    const at = this.hasAddends ? this.at + i * this.entry + (this.is64 ? 16 : 8) : this.implicitAt(i);
    return this.is64 ? this.reader.low(at) : this.reader.u32(at);
  }

  /** The signed addend. @throws ElfError where it is no exact double */
  addend(i: number): number {
    const low = this.addendLow(i);
    if (!this.is64) return low | 0;
    const addend = (this.addendHigh(i) | 0) * 0x1_0000_0000 + low;
    if (!Number.isSafeInteger(addend)) throw this.impossible(i);
    return addend;
  }

  private implicitAt(i: number): number {
    const { target } = this;
    const offset = this.targetOffset(i);
    if (
      target === undefined ||
      target.type === SHT_NOBITS ||
      target.type === SHT_NULL ||
      offset + (this.is64 ? 8 : 4) > target.size
    ) {
      throw this.impossible(i);
    }
    return target.offset + offset;
  }

  private impossible(i: number): ElfError {
    return new ElfError(
      this.reader.file,
      `has an impossible relocation ${i} in section ${this.section.label}`,
    );
  }
}
