import type { ByteReader } from './byte-reader.js';
import { SHT_NOBITS, SHT_NULL } from './constants.js';

/** One section header, read field by field when asked for. */
export class ElfSection {
  /** @internal where the names are; set once, when the headers have been read */
  nameTable: ElfSection | undefined;
  private decodedName: string | undefined;

  /** @internal made by openElf, which checks that the header is inside the file */
  constructor(
    private readonly reader: ByteReader,
    private readonly is64: boolean,
    readonly index: number,
    private readonly at: number,
  ) {}

  /** @throws ElfError where the name is not in the string table of section names */
  get name(): string {
    if (this.decodedName === undefined) {
      const table = this.nameTable;
      this.decodedName =
        table === undefined
          ? ''
          : this.reader.string(table.offset, table.size, this.reader.u32(this.at), `section [${this.index}]`);
    }
    return this.decodedName;
  }

  /** SHT_... */
  get type(): number {
    return this.reader.u32(this.at + 4);
  }

  /** SHF_...: the lower 32 bits; none is defined above. */
  get flags(): number {
    return this.is64 ? this.reader.low(this.at + 8) : this.reader.u32(this.at + 8);
  }

  get address(): bigint {
    return this.is64 ? this.reader.u64(this.at + 16) : BigInt(this.reader.u32(this.at + 12));
  }

  get addressHigh(): number {
    return this.is64 ? this.reader.high(this.at + 16) : 0;
  }

  get addressLow(): number {
    return this.is64 ? this.reader.low(this.at + 16) : this.reader.u32(this.at + 12);
  }

  /** Where its data begin in the file. */
  get offset(): number {
    return this.is64 ? this.reader.rough64(this.at + 24) : this.reader.u32(this.at + 16);
  }

  /** In bytes; of a SHT_NOBITS section in memory, which may be larger than the file. */
  get size(): number {
    return this.is64 ? this.reader.rough64(this.at + 32) : this.reader.u32(this.at + 20);
  }

  get link(): number {
    return this.reader.u32(this.at + (this.is64 ? 40 : 24));
  }

  get info(): number {
    return this.reader.u32(this.at + (this.is64 ? 44 : 28));
  }

  get addralign(): number {
    return this.is64 ? this.reader.rough64(this.at + 48) : this.reader.u32(this.at + 32);
  }

  get entsize(): number {
    return this.is64 ? this.reader.rough64(this.at + 56) : this.reader.u32(this.at + 36);
  }

  /** Whether bytes of the file belong to it. */
  get hasData(): boolean {
    const { type } = this;
    return type !== SHT_NOBITS && type !== SHT_NULL && this.size > 0;
  }

  /** For messages: `.text [1]`. */
  get label(): string {
    return `${this.name} [${this.index}]`;
  }
}
