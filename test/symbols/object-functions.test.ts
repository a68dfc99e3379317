import { describe, expect, test } from 'vitest';
import { type ObjectFunctions, readObjectFunctions } from '../../src/symbols/object-functions.js';
import { buildElf, type ElfSpec, type SectionSpec, type SymbolSpec } from '../helpers/elf-builder.js';
import { compile, hasGcc } from '../helpers/gcc.js';

const X86_64 = 62;
const ARM64 = 183;
const PPC64 = 21;
const S390 = 22;

/** Each function as `name section+value/size`, with `*` where it is traceable. */
function shown(functions: ObjectFunctions): string[] {
  return functions.names.map((name, i) => {
    const section = functions.sections[functions.sectionName[i]!];
    const mark = functions.traceable[i] === 1 ? '*' : '';
    return `${name} ${section}+${functions.value[i]}/${functions.size[i]}${mark}`;
  });
}

const f = (name: string, value: number, size: number, section = 1): SymbolSpec => ({
  name,
  value,
  size,
  type: 2,
  section,
});

/** An object with .text [1] and a table of sites [2], each site an offset in .text. */
function withSites(
  machine: number,
  table: string,
  sites: readonly number[],
  functions: readonly SymbolSpec[],
  more: Partial<ElfSpec> = {},
): Uint8Array {
  const relocations = sites.map((addend, i) => ({ offset: i * 8, symbol: 1, addend }));
  const sections: SectionSpec[] = [
    { name: '.text', flags: 6, data: new Uint8Array(256) },
    { name: table, flags: 2, data: new Uint8Array(sites.length * 8) },
    { name: `.rela${table}`, info: 2, relocations },
  ];
  return buildElf({
    machine,
    sections,
    symbols: [{ name: '', type: 3, section: 1 }, ...functions],
    ...more,
  });
}

test('defined functions only, with their section, place, size and binding', () => {
  const functions = readObjectFunctions(
    buildElf({
      sections: [
        { name: '.text', flags: 6, data: new Uint8Array(64) },
        { name: '.init.text', flags: 6, data: new Uint8Array(64) },
        { name: '.data', flags: 3, data: new Uint8Array(8) },
      ],
      symbols: [
        { name: 'a.c', type: 4, section: 'abs' },
        f('one', 0, 10),
        f('one', 16, 12),
        f('start', 0, 64, 2),
        { name: 'variable', type: 1, section: 3 },
        { name: 'label', section: 1 },
        { ...f('resolver', 32, 4), type: 10, bind: 1 },
        { ...f('alias', 16, 12), bind: 2 },
        { name: 'elsewhere', type: 2, bind: 1 },
      ],
    }),
    'a.o',
  );
  expect(shown(functions)).toEqual([
    'one .text+0/10',
    'one .text+16/12',
    'start .init.text+0/64',
    'resolver .text+32/4',
    'alias .text+16/12',
  ]);
  expect([...functions.binding]).toEqual([0, 0, 0, 1, 2]);
  expect([...functions.section]).toEqual([1, 1, 2, 1, 1]);
  expect(functions).toMatchObject({ file: 'a.o', machine: X86_64, hasSites: false });
});

test('posts to another thread as it is, in one buffer', () => {
  const functions = readObjectFunctions(
    withSites(X86_64, '__mcount_loc', [0], [f('a', 0, 8), f('b', 16, 8)]),
    'a.o',
  );
  const buffers = new Set(Object.values(functions).flatMap((v) => (ArrayBuffer.isView(v) ? [v.buffer] : [])));
  expect(buffers.size).toBe(1);
  const copy = structuredClone(functions);
  expect(copy).toEqual(functions);
  const moved = structuredClone(functions, { transfer: [functions.value.buffer as ArrayBuffer] });
  expect(moved).toEqual(copy);
});

describe('traceable is a function whose entry has a site', () => {
  const cases: [what: string, bytes: Uint8Array, traceable: string[]][] = [
    [
      'x86_64: at the entry, or behind endbr64',
      withSites(
        X86_64,
        '__mcount_loc',
        [0, 0x44],
        [f('plain', 0, 16), f('notrace', 32, 16), f('ibt', 0x40, 16)],
      ),
      ['plain', 'ibt'],
    ],
    [
      'x86_64: not what call padding put into __patchable_function_entries',
      withSites(X86_64, '__patchable_function_entries', [0, 32], [f('a', 0, 16), f('b', 32, 16)]),
      [],
    ],
    [
      's390x, big endian: at the entry',
      withSites(S390, '__mcount_loc', [0x20], [f('a', 0, 16), f('b', 0x20, 16)], { littleEndian: false }),
      ['b'],
    ],
    [
      'ppc64le: behind the global entry',
      withSites(PPC64, '__mcount_loc', [8, 0x50], [f('a', 0, 32), f('b', 0x40, 64)], { flags: 2 }),
      ['a', 'b'],
    ],
    [
      'arm64: at the entry, or behind bti c',
      withSites(
        ARM64,
        '__patchable_function_entries',
        [0, 0x44],
        [f('a', 0, 32), f('n', 32, 32), f('b', 0x40, 64)],
      ),
      ['a', 'b'],
    ],
    [
      'arm64 with call ops: before the entry, where no other function is',
      withSites(
        ARM64,
        '__patchable_function_entries',
        [0x38, 0x78],
        [
          f('before', 0, 0x38),
          f('a', 0x40, 0x20),
          { ...f('alias', 0x40, 0x20), bind: 1 },
          f('longer', 0x60, 0x20),
          f('n', 0x80, 0x20),
        ],
      ),
      ['a', 'alias', 'longer'],
    ],
    ["a far site is nobody's", withSites(ARM64, '__patchable_function_entries', [0], [f('a', 0x40, 8)]), []],
    [
      'aliases share the entry',
      withSites(X86_64, '__mcount_loc', [0], [f('a', 0, 8), f('b', 0, 8)]),
      ['a', 'b'],
    ],
    [
      'assembler functions without a size: near the entry',
      withSites(X86_64, '__mcount_loc', [4, 0x60], [f('a', 0, 0), f('b', 0x20, 0)]),
      ['a'],
    ],
    [
      'sites in any order',
      withSites(
        X86_64,
        '__mcount_loc',
        [64, 0, 32],
        [f('a', 0, 8), f('b', 16, 8), f('c', 32, 8), f('d', 64, 8)],
      ),
      ['a', 'c', 'd'],
    ],
  ];
  test.each(cases)('%s', (_, bytes, traceable) => {
    const functions = readObjectFunctions(bytes, 'a.o');
    expect(functions.names.filter((_, i) => functions.traceable[i] === 1)).toEqual(traceable);
  });

  test('each section has its own sites, and SHT_REL objects keep them in the table', () => {
    const bytes = buildElf({
      class: 32,
      machine: 3,
      sections: [
        { name: '.text', flags: 6, data: new Uint8Array(64) },
        { name: '.text.unlikely', flags: 6, data: new Uint8Array(64) },
        { name: '__mcount_loc', flags: 2, pointers: [0x10n, 0x20n] },
        {
          name: '.rel__mcount_loc',
          type: 9,
          info: 3,
          relocations: [
            { offset: 0, symbol: 1 },
            { offset: 4, symbol: 2 },
          ],
        },
      ],
      symbols: [
        { name: '', type: 3, section: 1 },
        { name: '', type: 3, section: 2 },
        f('a', 0x10, 8),
        f('b', 0x20, 8),
        f('c', 0x10, 8, 2),
        f('d', 0x20, 8, 2),
      ],
    });
    const functions = readObjectFunctions(bytes, 'a.o');
    expect(functions.hasSites).toBe(true);
    expect(shown(functions)).toEqual([
      'a .text+16/8*',
      'b .text+32/8',
      'c .text.unlikely+16/8',
      'd .text.unlikely+32/8*',
    ]);
  });
});

test('what is no object of a kernel with livepatch is refused', () => {
  const text = { name: '.text', flags: 6, data: new Uint8Array(8) };
  expect(() => readObjectFunctions(buildElf({ type: 2, sections: [text] }), 'vmlinux')).toThrow(
    'vmlinux: is a linked image, not an object',
  );
  const descriptors = buildElf({
    machine: PPC64,
    littleEndian: false,
    sections: [{ name: '.opd', flags: 3, data: new Uint8Array(24) }],
    symbols: [f('f', 0, 24)],
  });
  expect(() => readObjectFunctions(descriptors, 'old.o')).toThrow(/^old\.o: .*ELFv1/);
});

describe.skipIf(!hasGcc())('objects that GCC makes', () => {
  const source = `
    extern int external(int);
    __attribute__((noinline)) static int helper(int a) { return external(a) + 1; }
    __attribute__((noinline, no_instrument_function)) static int quiet(int a) { return external(a) + 2; }
    __attribute__((section(".init.text"))) int setup(int a) { return helper(a) + quiet(a); }
    int visible(int a) { return helper(a) * quiet(a); }
    int other(int) __attribute__((alias("visible")));
    __attribute__((weak)) int weak(int a) { return a; }
  `;
  const base = ['-O2', '-fno-pie', '-fcf-protection=none'];
  const fentry = ['-pg', '-mfentry', '-mrecord-mcount'];

  test.each([
    ['with fentry', [...base, ...fentry]],
    ['with endbr64 in front', ['-O2', '-fno-pie', '-fcf-protection=branch', ...fentry]],
    ['with a section for each function', [...base, ...fentry, '-ffunction-sections']],
    ['with call padding too', [...base, ...fentry, '-fpatchable-function-entry=16,16']],
  ])('%s', (_, flags) => {
    const { object, nm } = compile(source, flags);
    const functions = readObjectFunctions(object, 'a.o');
    const byNm = nm
      .split('\n')
      .map((line) => line.split(' '))
      .filter(([, type]) => type !== undefined && 'TtWw'.includes(type))
      .map(([name, , value, size]) => `${name} ${Number.parseInt(value!, 16)} ${Number.parseInt(size!, 16)}`);
    const own = functions.names.map((name, i) => `${name} ${functions.value[i]} ${functions.size[i]}`);
    expect(own.sort()).toEqual(byNm.sort());
    expect(functions.hasSites).toBe(true);
    const traceable = functions.names.filter((_, i) => functions.traceable[i] === 1);
    expect(traceable.sort()).toEqual(['helper', 'other', 'setup', 'visible', 'weak']);
    expect(functions.sections[functions.sectionName[functions.names.indexOf('setup')]!]).toBe('.init.text');
    const place = (name: string) => [
      functions.section[functions.names.indexOf(name)],
      functions.value[functions.names.indexOf(name)],
    ];
    expect(place('other')).toEqual(place('visible'));
  });

  test('without tracing', () => {
    const functions = readObjectFunctions(compile(source, base).object, 'a.o');
    expect(functions.hasSites).toBe(false);
    expect(functions.traceable.includes(1)).toBe(false);
    expect(functions.names).toContain('helper');
  });
});
