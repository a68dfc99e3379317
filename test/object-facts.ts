import { readFileSync } from 'node:fs';

/** What a little endian 64 bit object or image says of its functions: where each is, and which can be traced. */
export interface ObjectFacts {
  /** Name to section, in the order of the symbol table; a name may come twice. */
  readonly functions: readonly (readonly [name: string, section: string])[];
  readonly traceable: ReadonlySet<string>;
}

export function objectFacts(path: string): ObjectFacts {
  const bytes = readFileSync(path);
  const u64 = (at: number) => Number(bytes.readBigUInt64LE(at));
  const text = (at: number) => bytes.toString('latin1', at, bytes.indexOf(0, at));
  const headers = u64(0x28);
  const sections = Array.from({ length: bytes.readUInt16LE(0x3c) }, (_, index) => {
    const at = headers + index * 64;
    return {
      name: bytes.readUInt32LE(at),
      offset: u64(at + 24),
      size: u64(at + 32),
      link: bytes.readUInt32LE(at + 40),
      type: bytes.readUInt32LE(at + 4),
    };
  });
  const names = sections[bytes.readUInt16LE(0x3e)]!;
  const sectionName = (index: number) => {
    const section = sections[index];
    return section === undefined ? '' : text(names.offset + section.name);
  };
  const symtab = sections.find((section) => section.type === 2)!;
  const symbols = Array.from({ length: symtab.size / 24 }, (_, index) => {
    const at = symtab.offset + index * 24;
    return {
      name: text(sections[symtab.link]!.offset + bytes.readUInt32LE(at)),
      kind: bytes.readUInt8(at + 4) & 15,
      section: bytes.readUInt16LE(at + 6),
      value: u64(at + 8),
    };
  });
  const functions = symbols.filter((symbol) => symbol.kind === 2 && symbol.section !== 0);
  const traceable = new Set<string>();
  const site = (value: number, section?: number) => {
    for (const found of functions)
      if (found.value === value && (section ?? found.section) === found.section) traceable.add(found.name);
  };
  sections.forEach(({ offset, size }, index) => {
    if (sectionName(index) === '.rela__mcount_loc')
      for (let at = offset; at < offset + size; at += 24) {
        const against = symbols[bytes.readUInt32LE(at + 12)]!;
        site(against.value + u64(at + 16), against.section);
      }
    // An executable has addresses there, an object zeroes that its relocations fill in.
    else if (sectionName(index) === '__mcount_loc' && bytes.readUInt16LE(0x10) === 2)
      for (let at = offset; at < offset + size; at += 8) site(u64(at));
  });
  return { functions: functions.map((found) => [found.name, sectionName(found.section)]), traceable };
}
