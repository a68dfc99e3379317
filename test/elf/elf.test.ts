import { describe, expect, test } from 'vitest';
import {
  ElfError,
  ET_EXEC,
  ET_REL,
  NO_SECTION,
  openElf,
  SHF_ALLOC,
  SHN_LIVEPATCH,
  SHT_NOBITS,
  STT_FILE,
  STT_FUNC,
} from '../../src/elf/index.js';
import { InputError } from '../../src/errors.js';
import { buildElf, type ElfSpec, type SectionSpec } from '../helpers/elf-builder.js';

const TEXT: SectionSpec = { name: '.text', flags: 6, data: new Uint8Array(64).fill(0x90) };

const FORMS = [
  { class: 64, littleEndian: true },
  { class: 64, littleEndian: false },
  { class: 32, littleEndian: true },
  { class: 32, littleEndian: false },
] as const;

describe.each(FORMS)('an ELF$class file, little endian: $littleEndian', (form) => {
  const bytes = buildElf({
    ...form,
    machine: 22,
    flags: 7,
    sections: [
      TEXT,
      { name: '.bss', type: SHT_NOBITS, flags: 3, size: 1_000_000 },
      {
        name: '.rela.text',
        info: 1,
        relocations: [
          { offset: 8, symbol: 2, type: 10, addend: -4 },
          { offset: 16, symbol: 3, type: 11, addend: 0x20 },
        ],
      },
    ],
    symbols: [
      { name: 'a.c', type: STT_FILE, section: 'abs' },
      { name: 'local', value: 16, size: 5, type: STT_FUNC, section: 1 },
      { name: 'global', value: 0x20, size: 12, bind: 1, type: STT_FUNC, section: 1 },
      { name: '.klp.sym.vmlinux.printk,0', bind: 1, section: 'livepatch' },
      { name: 'größe', bind: 1 },
    ],
  });
  const elf = openElf(bytes, 'a.o');

  test('has its header', () => {
    expect(elf).toMatchObject({ ...form, type: ET_REL, machine: 22, flags: 7, file: 'a.o' });
  });

  test('has its sections', () => {
    expect(elf.sections.map((section) => section.name)).toEqual([
      '',
      '.text',
      '.bss',
      '.rela.text',
      '.symtab',
      '.strtab',
      '.symtab_shndx',
      '.shstrtab',
    ]);
    expect(elf.section('.text')).toMatchObject({ index: 1, type: 1, flags: 6, size: 64, addralign: 1 });
    expect(elf.sectionBytes(elf.section('.text')!)).toEqual(Buffer.alloc(64, 0x90));
    expect(elf.section('.bss')).toMatchObject({ size: 1_000_000, hasData: false });
    expect(elf.sectionBytes(elf.section('.bss')!)).toHaveLength(0);
    expect(elf.section('.nothing')).toBeUndefined();
  });

  test('has its symbols', () => {
    const symbols = elf.symbols();
    expect(symbols.count).toBe(6);
    const rows = Array.from({ length: symbols.count }, (_, i) => [
      symbols.name(i),
      symbols.value(i),
      symbols.size(i),
      symbols.bind(i),
      symbols.type(i),
      symbols.sectionIndex(i),
      symbols.fileOf(i),
    ]);
    expect(rows).toEqual([
      ['', 0n, 0, 0, 0, 0, -1],
      ['a.c', 0n, 0, 0, STT_FILE, NO_SECTION, -1],
      ['local', 16n, 5, 0, STT_FUNC, 1, 1],
      ['global', 0x20n, 12, 1, STT_FUNC, 1, -1],
      ['.klp.sym.vmlinux.printk,0', 0n, 0, 1, 0, NO_SECTION, -1],
      ['größe', 0n, 0, 1, 0, 0, -1],
    ]);
    expect(symbols.rawSectionIndex(4)).toBe(SHN_LIVEPATCH);
    expect(symbols.offsetValue(3)).toBe(0x20);
  });

  test('has its relocations', () => {
    const relocations = elf.relocations(elf.section('.rela.text')!);
    const rows = Array.from({ length: relocations.count }, (_, i) => [
      relocations.offset(i),
      relocations.symbol(i),
      relocations.type(i),
      relocations.addend(i),
    ]);
    expect(rows).toEqual([
      [8n, 2, 10, -4],
      [16n, 3, 11, 0x20],
    ]);
    expect(relocations.target?.name).toBe('.text');
  });
});

test('SHT_REL keeps its addends where they are added', () => {
  const elf = openElf(
    buildElf({
      class: 32,
      littleEndian: false,
      sections: [
        { name: '.data', flags: 3, pointers: [0x40n, -8n] },
        {
          name: '.rel.data',
          type: 9,
          info: 1,
          relocations: [
            { offset: 4, symbol: 1 },
            { offset: 0, symbol: 1 },
          ],
        },
      ],
      symbols: [{ name: 'x', section: 1 }],
    }),
    'a.o',
  );
  const relocations = elf.relocations(elf.section('.rel.data')!);
  expect([relocations.addend(0), relocations.addend(1)]).toEqual([-8, 0x40]);
});

test('kernel addresses are exact', () => {
  const elf = openElf(
    buildElf({
      type: ET_EXEC,
      sections: [{ ...TEXT, address: 0xffffffff81000000n }],
      symbols: [{ name: 'f', value: 0xffffffff81000001n, section: 1 }],
    }),
    'vmlinux',
  );
  expect(elf.sections[1]!.address).toBe(0xffffffff81000000n);
  expect(elf.symbols().value(1)).toBe(0xffffffff81000001n);
  expect([elf.symbols().valueHigh(1), elf.symbols().valueLow(1)]).toEqual([0xffffffff, 0x81000001]);
  expect(() => elf.symbols().offsetValue(1)).toThrow('vmlinux: has an impossible value at symbol 1');
});

test('70,000 sections, with indices that only SHN_XINDEX can say', () => {
  const sections = Array.from({ length: 70_000 }, (_, i) => ({
    name: `.text.f${i + 1}`,
    flags: 6,
    data: Uint8Array.of(0xc3),
  }));
  const elf = openElf(
    buildElf({
      sections,
      symbols: [
        { name: 'first', section: 1 },
        { name: 'like_livepatch', section: SHN_LIVEPATCH },
        { name: 'last', section: 70_000 },
        { name: 'livepatch', section: 'livepatch' },
      ],
    }),
    'large.o',
  );
  const symbols = elf.symbols();
  expect(elf.sections).toHaveLength(70_005);
  expect(elf.sections[70_000]!.name).toBe('.text.f70000');
  expect([1, 2, 3, 4].map((i) => symbols.sectionIndex(i))).toEqual([1, SHN_LIVEPATCH, 70_000, NO_SECTION]);
  expect([2, 4].map((i) => symbols.rawSectionIndex(i))).toEqual([0xffff, SHN_LIVEPATCH]);
});

describe('refuses, with the name of the file,', () => {
  const good: ElfSpec = {
    sections: [TEXT, { name: '.rela.text', info: 1, relocations: [{ offset: 0, symbol: 1 }] }],
    symbols: [{ name: 'f', type: STT_FUNC, section: 1 }],
  };
  /** Where the header of a section of `good` begins, and the fields of a 64-bit header. */
  const header = (bytes: Uint8Array, index: number) =>
    Number(new DataView(bytes.buffer).getBigUint64(40, true)) + index * 64;
  const SYMTAB = 3;

  function damaged(change: (bytes: Uint8Array, view: DataView) => void): Uint8Array {
    const bytes = buildElf(good);
    change(bytes, new DataView(bytes.buffer));
    return bytes;
  }
  const open = (bytes: Uint8Array) => {
    const elf = openElf(bytes, 'bad.o');
    const symbols = elf.symbols();
    for (let i = 0; i < symbols.count; i++) {
      symbols.name(i);
      symbols.sectionIndex(i);
    }
    const relocations = elf.relocations(elf.sections[2]!);
    for (let i = 0; i < relocations.count; i++) relocations.symbol(i);
    return elf.sections.map((section) => section.name);
  };

  test.each<[what: string, bytes: Uint8Array, message: string]>([
    ['an empty file', new Uint8Array(0), 'is empty'],
    ['text', Buffer.from('!<arch>\nlib.a'), 'is not an ELF file'],
    ['a header cut off', buildElf(good).subarray(0, 40), 'ends inside its ELF header'],
    ['a core dump', damaged((b) => b.set([4], 16)), 'of type 4'],
    ['an unknown class', damaged((b) => b.set([3], 4)), 'unknown class'],
    ['a cut-off file', buildElf(good).subarray(0, -1), 'ends before its section headers'],
    ['huge counts', damaged((_, v) => v.setUint16(60, 0xfeff, true)), 'ends before its section headers'],
    [
      'a huge count in section 0',
      damaged((b, v) => {
        v.setUint16(60, 0, true);
        v.setBigUint64(header(b, 0) + 32, 1n << 60n, true);
      }),
      'ends before its section headers',
    ],
    ['an odd header size', damaged((_, v) => v.setUint16(58, 63, true)), 'section headers of 63 bytes'],
    [
      'section names that are no string table',
      damaged((_, v) => v.setUint16(62, 1, true)),
      'section names are in a section that is no string table',
    ],
    [
      'data behind the end',
      damaged((b, v) => v.setBigUint64(header(b, 1) + 32, 1n << 40n, true)),
      'ends before the data of section [1]',
    ],
    [
      'data on the header',
      damaged((b, v) => v.setBigUint64(header(b, 1) + 24, 0n, true)),
      'section [1] on top of its headers',
    ],
    [
      'sections on top of each other',
      damaged((b, v) =>
        v.setBigUint64(header(b, SYMTAB) + 24, v.getBigUint64(header(b, 1) + 24, true), true),
      ),
      'in the same place',
    ],
    [
      'a symbol table that links to itself',
      damaged((b, v) => v.setUint32(header(b, SYMTAB) + 40, SYMTAB, true)),
      'no string table',
    ],
    [
      'symbols of another size',
      damaged((b, v) => v.setBigUint64(header(b, SYMTAB) + 56, 16n, true)),
      'not made of entries of 24 bytes',
    ],
    [
      'a name outside of its table',
      damaged((b, v) => v.setUint32(Number(v.getBigUint64(header(b, SYMTAB) + 24, true)) + 24, 999, true)),
      'the name of symbol 1 lies outside of its string table',
    ],
    [
      'a section that is not there',
      damaged((b, v) => v.setUint16(Number(v.getBigUint64(header(b, SYMTAB) + 24, true)) + 30, 99, true)),
      'symbol 1 in section [99]',
    ],
    [
      'a relocation of a symbol that is not there',
      damaged((b, v) => v.setUint32(Number(v.getBigUint64(header(b, 2) + 24, true)) + 12, 99, true)),
      'impossible relocation 0 in section .rela.text [2]',
    ],
    [
      'relocations of themselves',
      damaged((b, v) => v.setUint32(header(b, 2) + 44, 2, true)),
      'relocations in .rela.text [2] of a section that cannot have them',
    ],
    ['a stripped file', buildElf({ ...good, stripped: true }), 'has no symbol table; was it stripped?'],
  ])('%s', (_, bytes, message) => {
    expect(() => open(bytes)).toThrow(ElfError);
    expect(() => open(bytes)).toThrow(InputError);
    expect(() => open(bytes)).toThrow(/^bad\.o: /);
    expect(() => open(bytes)).toThrow(message);
  });

  test('and takes the undamaged file', () => {
    expect(open(buildElf(good))).toHaveLength(7);
  });
});

test('a view into a larger buffer is read as a file of its own', () => {
  const bytes = buildElf({ sections: [TEXT], symbols: [{ name: 'f', section: 1 }] });
  const larger = new Uint8Array(bytes.length + 200).fill(0xff);
  larger.set(bytes, 100);
  const elf = openElf(larger.subarray(100, 100 + bytes.length), 'a.o');
  expect(elf.symbols().name(1)).toBe('f');
  expect(elf.section('.text')!.flags & SHF_ALLOC).toBe(SHF_ALLOC);
});
