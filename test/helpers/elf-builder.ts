/** Writes small ELF files for tests: what is not given is 0 or follows from the rest. */
export interface ElfSpec {
  readonly class?: 32 | 64;
  readonly littleEndian?: boolean;
  /** ET_REL (1) unless given. */
  readonly type?: number;
  readonly machine?: number;
  readonly flags?: number;
  /** Numbered from 1, as given; .symtab, .strtab, .symtab_shndx and .shstrtab follow. */
  readonly sections?: readonly SectionSpec[];
  /** Numbered from 1, as given. */
  readonly symbols?: readonly SymbolSpec[];
  /** Leaves .symtab and .strtab out. */
  readonly stripped?: boolean;
}

export interface SectionSpec {
  readonly name: string;
  /** SHT_PROGBITS unless given, or SHT_RELA/SHT_REL where there are relocations. */
  readonly type?: number;
  readonly flags?: number;
  readonly address?: bigint;
  readonly data?: Uint8Array;
  /** Pointers of the file's class and byte order, as data. */
  readonly pointers?: readonly bigint[];
  /** The size of a SHT_NOBITS section. */
  readonly size?: number;
  readonly link?: number;
  readonly info?: number;
  readonly entsize?: number;
  readonly relocations?: readonly RelocationSpec[];
}

export interface SymbolSpec {
  readonly name: string;
  readonly value?: bigint | number;
  readonly size?: number;
  readonly bind?: number;
  readonly type?: number;
  /** The section's number, or 'abs', 'common', 'livepatch'. */
  readonly section?: number | 'abs' | 'common' | 'livepatch';
}

interface RelocationSpec {
  readonly offset: bigint | number;
  readonly symbol?: number;
  readonly type?: number;
  /** Not written for SHT_REL. */
  readonly addend?: bigint | number;
}

const RESERVED = { abs: 0xfff1, common: 0xfff2, livepatch: 0xff20 } as const;

export function buildElf(spec: ElfSpec): Uint8Array {
  const wide = (spec.class ?? 64) === 64;
  const little = spec.littleEndian ?? true;
  const out = new Writer(wide, little);
  const given = spec.sections ?? [];
  const symbols = spec.symbols ?? [];
  const stripped = spec.stripped ?? false;
  const count = 1 + given.length + (stripped ? 1 : 4);
  const symtab = given.length + 1;

  const strings = new Strings();
  const sectionNames = new Strings();
  const headers: { spec: SectionSpec; offset: number; size: number }[] = [];
  const place = (section: SectionSpec, data: Uint8Array) => {
    out.align(8);
    headers.push({ spec: section, offset: out.length, size: section.size ?? data.length });
    out.bytes(data);
  };

  out.zeros(wide ? 64 : 52);
  for (const section of given) place(complete(section, wide, symtab), dataOf(section, wide, little));
  if (!stripped) {
    const table = new Writer(wide, little);
    const indices = new Writer(wide, little);
    table.zeros(wide ? 24 : 16);
    indices.u32(0);
    for (const symbol of symbols) {
      const { section = 0 } = symbol;
      const number = typeof section === 'number' ? section : 0;
      const short = typeof section === 'number' ? (number >= 0xff00 ? 0xffff : number) : RESERVED[section];
      indices.u32(short === 0xffff ? number : 0);
      const info = ((symbol.bind ?? 0) << 4) | (symbol.type ?? 0);
      table.u32(strings.add(symbol.name));
      if (wide) {
        table.u8(info);
        table.u8(0);
        table.u16(short);
        table.pointer(symbol.value ?? 0);
        table.pointer(symbol.size ?? 0);
      } else {
        table.pointer(symbol.value ?? 0);
        table.pointer(symbol.size ?? 0);
        table.u8(info);
        table.u8(0);
        table.u16(short);
      }
    }
    const locals = symbols.findIndex((symbol) => (symbol.bind ?? 0) !== 0);
    place(
      {
        name: '.symtab',
        type: 2,
        link: symtab + 1,
        info: (locals < 0 ? symbols.length : locals) + 1,
        entsize: wide ? 24 : 16,
      },
      table.finish(),
    );
    place({ name: '.strtab', type: 3 }, strings.finish());
    place({ name: '.symtab_shndx', type: 18, link: symtab, entsize: 4 }, indices.finish());
  }
  const all = [...headers.map((header) => header.spec.name), '.shstrtab'];
  const nameOffsets = all.map((name) => sectionNames.add(name));
  place({ name: '.shstrtab', type: 3 }, sectionNames.finish());

  out.align(8);
  const tableAt = out.length;
  const large = count >= 0xff00;
  const zeroth: SectionSpec = { name: '', type: 0, link: large ? count - 1 : 0 };
  out.header(0, zeroth, 0, large ? count : 0);
  for (const [i, header] of headers.entries()) {
    out.header(nameOffsets[i]!, header.spec, header.offset, header.size);
  }

  const start = new Writer(wide, little);
  start.bytes(
    Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, little ? 1 : 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0),
  );
  start.u16(spec.type ?? 1);
  start.u16(spec.machine ?? 62);
  start.u32(1);
  start.pointer(0);
  start.pointer(0);
  start.pointer(tableAt);
  start.u32(spec.flags ?? 0);
  for (const half of [wide ? 64 : 52, 0, 0, wide ? 64 : 40, large ? 0 : count, large ? 0xffff : count - 1]) {
    start.u16(half);
  }
  const file = out.finish();
  file.set(start.finish(), 0);
  return file;
}

function complete(section: SectionSpec, wide: boolean, symtab: number): SectionSpec {
  const { relocations } = section;
  if (relocations === undefined) return { type: 1, ...section };
  const type = section.type ?? 4;
  const entsize = (wide ? 8 : 4) * (type === 4 ? 3 : 2);
  return { link: symtab, entsize, ...section, type };
}

function dataOf(section: SectionSpec, wide: boolean, little: boolean): Uint8Array {
  const writer = new Writer(wide, little);
  if (section.data !== undefined) writer.bytes(section.data);
  for (const pointer of section.pointers ?? []) writer.pointer(pointer);
  for (const relocation of section.relocations ?? []) {
    writer.pointer(relocation.offset);
    const symbol = relocation.symbol ?? 0;
    const type = relocation.type ?? 1;
    if (wide) writer.pointer((BigInt(symbol) << 32n) | BigInt(type));
    else writer.pointer(symbol * 256 + type);
    if ((section.type ?? 4) === 4) writer.pointer(relocation.addend ?? 0);
  }
  return writer.finish();
}

class Strings {
  private readonly parts: Buffer[] = [Buffer.from('\0')];
  private length = 1;

  add(text: string): number {
    if (text === '') return 0;
    const part = Buffer.from(`${text}\0`, 'utf8');
    this.parts.push(part);
    this.length += part.length;
    return this.length - part.length;
  }

  finish(): Uint8Array {
    return Buffer.concat(this.parts);
  }
}

class Writer {
  length = 0;
  private buffer = Buffer.alloc(4096);

  constructor(
    private readonly wide: boolean,
    private readonly little: boolean,
  ) {}

  u8(value: number): void {
    this.room(1)[this.length++] = value;
  }

  u16(value: number): void {
    const at = this.room(2);
    if (this.little) at.writeUInt16LE(value, this.length);
    else at.writeUInt16BE(value, this.length);
    this.length += 2;
  }

  u32(value: number): void {
    const at = this.room(4);
    if (this.little) at.writeUInt32LE(value >>> 0, this.length);
    else at.writeUInt32BE(value >>> 0, this.length);
    this.length += 4;
  }

  /** A number as wide as an address; negative ones in two's complement. */
  pointer(value: bigint | number): void {
    const number = BigInt(value);
    if (!this.wide) {
      this.u32(Number(BigInt.asUintN(32, number)));
      return;
    }
    const at = this.room(8);
    if (this.little) at.writeBigUInt64LE(BigInt.asUintN(64, number), this.length);
    else at.writeBigUInt64BE(BigInt.asUintN(64, number), this.length);
    this.length += 8;
  }

  header(name: number, section: SectionSpec, offset: number, size: number): void {
    this.u32(name);
    this.u32(section.type ?? 1);
    this.pointer(section.flags ?? 0);
    this.pointer(section.address ?? 0);
    this.pointer(offset);
    this.pointer(size);
    this.u32(section.link ?? 0);
    this.u32(section.info ?? 0);
    this.pointer(1);
    this.pointer(section.entsize ?? 0);
  }

  bytes(data: Uint8Array): void {
    this.room(data.length).set(data, this.length);
    this.length += data.length;
  }

  zeros(count: number): void {
    this.room(count);
    this.length += count;
  }

  align(to: number): void {
    this.zeros((to - (this.length % to)) % to);
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.buffer.subarray(0, this.length));
  }

  private room(count: number): Buffer {
    if (this.length + count > this.buffer.length) {
      const larger = Buffer.alloc(Math.max(this.buffer.length * 2, this.length + count));
      this.buffer.copy(larger);
      this.buffer = larger;
    }
    return this.buffer;
  }
}
