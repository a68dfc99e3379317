/**
 * A small ELF reader: the bytes of one file in, typed values out. It knows no files besides the name in its messages,
 * and decodes nothing before it is asked for.
 *
 * 64-bit addresses: a kernel address (0xffffffff81000000) is no exact double. So addresses are bigints where they are
 * shown or kept, and pairs of unsigned 32-bit halves (`...High`, `...Low`) where many are compared. File offsets, sizes
 * and positions within a section are numbers: they are checked to be smaller than the file, or than 2^53.
 */
import { ByteReader } from './byte-reader.js';
import {
  ET_DYN,
  ET_EXEC,
  ET_REL,
  SHN_XINDEX,
  SHT_NOBITS,
  SHT_NULL,
  SHT_STRTAB,
  SHT_SYMTAB,
} from './constants.js';
import { ElfError } from './elf-error.js';
import { RelocationTable } from './relocation-table.js';
import { ElfSection } from './section.js';
import { SymbolTable } from './symbol-table.js';

const NO_SECTIONS: readonly ElfSection[] = [];

export class Elf {
  readonly file: string;
  /** 32 or 64: ELFCLASS32, ELFCLASS64. */
  readonly class: 32 | 64;
  readonly littleEndian: boolean;
  /** ET_REL, ET_EXEC or ET_DYN. */
  readonly type: number;
  /** e_machine: EM_X86_64 and so on. */
  readonly machine: number;
  /** e_flags, whose meaning is the machine's. */
  readonly flags: number;
  /** All section headers by index, [0] included; their data are inside the file and do not overlap. */
  readonly sections: readonly ElfSection[];
  private readonly reader: ByteReader;
  private symbolTable: SymbolTable | undefined;

  /** @internal use openElf */
  constructor(reader: ByteReader, is64: boolean) {
    this.reader = reader;
    this.file = reader.file;
    this.class = is64 ? 64 : 32;
    this.littleEndian = reader.littleEndian;
    this.type = reader.u16(16);
    this.machine = reader.u16(18);
    this.flags = reader.u32(is64 ? 48 : 36);
    if (this.type !== ET_REL && this.type !== ET_EXEC && this.type !== ET_DYN) {
      throw new ElfError(
        this.file,
        `is an ELF file of type ${this.type}, neither an object nor a linked image`,
      );
    }
    this.sections = readSections(reader, is64);
  }

  /** The whole file. */
  get bytes(): Uint8Array {
    return this.reader.bytes;
  }

  /** The section's data; empty for SHT_NOBITS. A view of the file's bytes, no copy. */
  sectionBytes(section: ElfSection): Uint8Array {
    if (section.type === SHT_NOBITS || section.type === SHT_NULL) return this.reader.bytes.subarray(0, 0);
    return this.reader.bytes.subarray(section.offset, section.offset + section.size);
  }

  /** The pointer at `offset` of the section's data, as its high and low halves. */
  pointerAt(section: ElfSection, offset: number): { high: number; low: number } {
    const width = this.class / 8;
    const isEmpty = section.type === SHT_NOBITS || section.type === SHT_NULL;
    if (isEmpty || !(offset >= 0 && offset + width <= section.size)) {
      throw new ElfError(this.file, `there is no pointer at ${offset} of section ${section.label}`);
    }
    const at = section.offset + offset;
    if (width === 4) return { high: 0, low: this.reader.u32(at) };
    return { high: this.reader.high(at), low: this.reader.low(at) };
  }

  /** The first section of that name. */
  section(name: string): ElfSection | undefined {
    return this.sections.find((section) => section.name === name);
  }

  /**
   * The file's symbol table (SHT_SYMTAB).
   *
   * @throws ElfError where there is none (a stripped file): an empty table would say that nothing exists
   */
  symbols(): SymbolTable {
    if (this.symbolTable !== undefined) return this.symbolTable;
    let found: ElfSection | undefined;
    for (const section of this.sections) {
      if (section.type !== SHT_SYMTAB) continue;
      if (found !== undefined) throw new ElfError(this.file, 'has two symbol tables');
      found = section;
    }
    if (found === undefined) throw new ElfError(this.file, 'has no symbol table', 'was it stripped?');
    this.symbolTable = new SymbolTable(this.reader, this.class, this.sections, found);
    return this.symbolTable;
  }

  /** The relocations of a SHT_REL or SHT_RELA section. */
  relocations(section: ElfSection): RelocationTable {
    return new RelocationTable(this.reader, this.class, this.sections, section);
  }
}

/**
 * @param bytes the whole file
 * @param file its name, for the messages
 * @throws ElfError where it is no ELF file, or its section headers, or the places they name, cannot be right
 */
export function openElf(bytes: Uint8Array, file: string): Elf {
  if (bytes.length < 4 || bytes[0] !== 0x7f || bytes[1] !== 0x45 || bytes[2] !== 0x4c || bytes[3] !== 0x46) {
    throw new ElfError(file, bytes.length === 0 ? 'is empty' : 'is not an ELF file');
  }
  const elfClass = bytes[4];
  const order = bytes[5];
  if ((elfClass !== 1 && elfClass !== 2) || (order !== 1 && order !== 2) || bytes[6] !== 1) {
    throw new ElfError(file, 'has an ELF header of an unknown class, byte order or version');
  }
  if (bytes.length < (elfClass === 2 ? 64 : 52)) throw new ElfError(file, 'ends inside its ELF header');
  return new Elf(new ByteReader(bytes, order === 1, file), elfClass === 2);
}

function readSections(reader: ByteReader, is64: boolean): readonly ElfSection[] {
  const { file } = reader;
  const tableAt = is64 ? reader.rough64(40) : reader.u32(32);
  if (tableAt === 0) return NO_SECTIONS;
  const entry = is64 ? 64 : 40;
  if (reader.u16(is64 ? 58 : 46) !== entry) {
    throw new ElfError(
      file,
      `has section headers of ${reader.u16(is64 ? 58 : 46)} bytes instead of ${entry}`,
    );
  }
  const length = reader.bytes.length;
  if (tableAt + entry > length) throw new ElfError(file, 'ends before its section headers');

  // Counts that do not fit the ELF header are in section 0's (System V ABI, "ELF Header").
  const first = new ElfSection(reader, is64, 0, tableAt);
  const count = reader.u16(is64 ? 60 : 48) || first.size;
  const namesIndex = reader.u16(is64 ? 62 : 50);
  if (count === 0) throw new ElfError(file, 'has a section header table without sections');
  if (tableAt + count * entry > length) {
    throw new ElfError(
      file,
      `ends before its section headers: ${count} of them would begin at byte ${tableAt}`,
    );
  }
  const sections: ElfSection[] = [first];
  for (let index = 1; index < count; index++) {
    sections.push(new ElfSection(reader, is64, index, tableAt + index * entry));
  }
  checkPlaces(sections, file, is64 ? 64 : 52, tableAt, tableAt + count * entry, length);

  const names = sections[namesIndex === SHN_XINDEX ? first.link : namesIndex];
  if (names === undefined || (names.type !== SHT_STRTAB && names.index !== 0)) {
    throw new ElfError(file, 'says that its section names are in a section that is no string table');
  }
  // Index 0 is SHN_UNDEF: the file has no section names, and every section's is ''.
  for (const section of sections) section.nameTable = names.index === 0 ? undefined : names;
  return sections;
}

/**
 * All data inside the file, and nothing twice: sections that share bytes are what a damaged header looks like, and the
 * table read from them would look like a good one.
 */
function checkPlaces(
  sections: readonly ElfSection[],
  file: string,
  headerEnd: number,
  tableAt: number,
  tableEnd: number,
  length: number,
): void {
  let previousEnd = headerEnd;
  let ascending = true;
  for (let i = 1; i < sections.length; i++) {
    const section = sections[i]!;
    if (!section.hasData) continue;
    const start = section.offset;
    const end = start + section.size;
    if (end > length) throw new ElfError(file, `ends before the data of section [${i}]`);
    if (start < headerEnd || (start < tableEnd && end > tableAt)) {
      throw new ElfError(file, `has section [${i}] on top of its headers`);
    }
    if (start < previousEnd) ascending = false;
    previousEnd = end;
  }
  if (ascending) return; // As assemblers and compilers write them; linked images need the sort.

  const byOffset = sections.filter((section, i) => i > 0 && section.hasData);
  byOffset.sort((a, b) => a.offset - b.offset);
  for (let i = 1; i < byOffset.length; i++) {
    const before = byOffset[i - 1]!;
    const after = byOffset[i]!;
    if (before.offset + before.size > after.offset) {
      throw new ElfError(file, `has sections [${before.index}] and [${after.index}] in the same place`);
    }
  }
}
