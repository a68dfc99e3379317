import { type Elf, type ElfSection, SHT_NOBITS, SHT_NULL } from '../elf/index.js';

/** A section of an ELF file that is put together. */
export interface SectionPart {
  /** What the header says, but for type, size and place. */
  readonly header: ElfSection;
  readonly type: number;
  /** Undefined for none. */
  readonly bytes: Uint8Array | undefined;
}

/** An ELF file of these sections, numbered as they come; its machine and type are those of another one. */
export function joinElf(like: Elf, parts: readonly SectionPart[]): Uint8Array {
  const wide = like.class === 64;
  const headerSize = wide ? 64 : 52;
  const entrySize = wide ? 64 : 40;
  const names = namesOf(parts);
  const contents = [...parts.map(({ bytes }) => bytes), names.bytes];
  const offsets: number[] = [];
  let end = headerSize;
  for (const bytes of contents) {
    offsets.push(end);
    end += Math.ceil((bytes?.length ?? 0) / 16) * 16;
  }
  const out = Buffer.alloc(end + (parts.length + 1) * entrySize);
  contents.forEach((bytes, at) => {
    if (bytes) out.set(bytes, offsets[at]!);
  });
  const write = new Fields(out, wide, like.littleEndian);
  write.fileHeader(like, { sectionsAt: end, count: parts.length + 1, entrySize, headerSize });
  parts.forEach(({ header, type, bytes }, at) => {
    const { flags, address, link, info, addralign, entsize } = header;
    const isEmpty = type === SHT_NULL || (type === SHT_NOBITS && bytes === undefined && (flags & 2) === 0);
    const size = bytes?.length ?? (isEmpty ? 0 : header.size);
    write.section(end + at * entrySize, {
      name: names.offsets[at]!,
      type,
      flags,
      address,
      offset: offsets[at]!,
      size,
      link,
      info,
      addralign,
      entsize,
    });
  });
  write.section(end + parts.length * entrySize, {
    name: names.own,
    type: 3,
    flags: 0,
    address: 0n,
    offset: offsets[parts.length]!,
    size: names.bytes.length,
    link: 0,
    info: 0,
    addralign: 1,
    entsize: 0,
  });
  return out;
}

function namesOf(parts: readonly SectionPart[]) {
  const texts: Buffer[] = [Buffer.from('\0')];
  let end = 1;
  const add = (name: string) => {
    if (name === '') return 0;
    const text = Buffer.from(`${name}\0`, 'utf8');
    texts.push(text);
    end += text.length;
    return end - text.length;
  };
  const offsets = parts.map(({ header }) => add(header.name));
  const own = add('.shstrtab');
  return { offsets, own, bytes: Buffer.concat(texts) };
}

interface SectionFields {
  readonly name: number;
  readonly type: number;
  readonly flags: number;
  readonly address: bigint;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
  readonly info: number;
  readonly addralign: number;
  readonly entsize: number;
}

/** Writes the headers' fields (System V ABI, "ELF Header" and "Sections"). */
class Fields {
  readonly #out: Buffer;
  readonly #view: DataView;
  readonly #wide: boolean;
  readonly #little: boolean;
  #at = 0;

  constructor(out: Buffer, wide: boolean, little: boolean) {
    this.#out = out;
    this.#view = new DataView(out.buffer, out.byteOffset, out.length);
    this.#wide = wide;
    this.#little = little;
  }

  fileHeader(
    { type, machine, flags }: Elf,
    table: { sectionsAt: number; count: number; entrySize: number; headerSize: number },
  ): void {
    this.#out.set([0x7f, 0x45, 0x4c, 0x46, this.#wide ? 2 : 1, this.#little ? 1 : 2, 1]);
    this.#at = 16;
    this.#half(type);
    this.#half(machine);
    this.#word(1);
    this.#pointer(0);
    this.#pointer(0);
    this.#pointer(table.sectionsAt);
    this.#word(flags);
    for (const half of [table.headerSize, 0, 0, table.entrySize, table.count, table.count - 1])
      this.#half(half);
  }

  section(at: number, fields: SectionFields): void {
    this.#at = at;
    this.#word(fields.name);
    this.#word(fields.type);
    this.#pointer(fields.flags);
    this.#pointer(fields.address);
    this.#pointer(fields.offset);
    this.#pointer(fields.size);
    this.#word(fields.link);
    this.#word(fields.info);
    this.#pointer(fields.addralign);
    this.#pointer(fields.entsize);
  }

  #half(value: number): void {
    this.#view.setUint16(this.#at, value, this.#little);
    this.#at += 2;
  }

  #word(value: number): void {
    this.#view.setUint32(this.#at, value, this.#little);
    this.#at += 4;
  }

  #pointer(value: number | bigint): void {
    if (!this.#wide) {
      this.#word(Number(value));
      return;
    }
    this.#view.setBigUint64(this.#at, BigInt(value), this.#little);
    this.#at += 8;
  }
}
