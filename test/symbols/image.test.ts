import { describe, expect, test } from 'vitest';
import { type Image, readImage, symbolsNamed } from '../../src/symbols/image.js';
import { buildElf, type SectionSpec, type SymbolSpec } from '../helpers/elf-builder.js';

const BASE = 0xffffffff81000000n;
const DATA = 0xffffffff82000000n;
const f = (name: string, value: bigint | number, size = 16, section = 1): SymbolSpec => ({
  name,
  value,
  size,
  type: 2,
  section,
});

const rows = (image: Image) =>
  image.names.map(
    (name, i) => `${name} ${image.position[i]}/${image.total[i]}${image.traceable[i] ? '*' : ''}`,
  );

function vmlinux(symbols: readonly SymbolSpec[], pointers: readonly bigint[] = [], more: SectionSpec[] = []) {
  return buildElf({
    type: 2,
    sections: [
      { name: '.text', flags: 6, address: BASE, data: new Uint8Array(0x200) },
      { name: '.init.data', flags: 3, address: DATA, pointers },
      { name: '.comment', data: new Uint8Array(8) },
      ...more,
    ],
    symbols: [
      ...symbols,
      { name: '__start_mcount_loc', value: DATA, bind: 1, section: 2 },
      { name: '__stop_mcount_loc', value: DATA + BigInt(pointers.length * 8), bind: 1, section: 2 },
    ],
  });
}

describe('vmlinux', () => {
  test('sympos counts by address, functions and data', () => {
    const image = readImage(
      vmlinux([
        { name: 'md.c', type: 4, section: 'abs' },
        f('state_show', BASE + 0x80n),
        { name: 'state_show', value: DATA, type: 1, section: 2 },
        { name: 'cpu.c', type: 4, section: 'abs' },
        f('state_show', BASE + 0x10n),
        { ...f('only', BASE + 0x40n), bind: 1 },
      ]),
      'vmlinux',
    );
    expect(image.kind).toBe('vmlinux');
    expect(rows(image).slice(0, 4)).toEqual([
      'state_show 2/3',
      'state_show 3/3',
      'state_show 1/3',
      'only 1/1',
    ]);
    const found = symbolsNamed(image)('state_show');
    expect(found.map((i) => [image.address[i], image.groups[image.group[i]!]])).toEqual([
      [BASE + 0x10n, 'cpu.c'],
      [BASE + 0x80n, 'md.c'],
      [DATA, 'md.c'],
    ]);
    expect(symbolsNamed(image)('none')).toEqual([]);
    expect(image.group[image.names.indexOf('only')]).toBe(-1);
    expect(image.sections[image.section[0]!]).toBe('.text');
    expect([...image.loadingTotal]).toEqual([...image.total]);
  });

  test('kept is what kallsyms keeps', () => {
    const dropped: SymbolSpec[] = [
      { name: '', type: 3, section: 1 },
      { name: '.LC0', value: BASE, section: 1 },
      { name: '$x', value: BASE, section: 1 },
      { name: 'text_size', value: 0x200, section: 'abs' },
      { name: 'in_comment', section: 3 },
      { name: '__crc_printk', value: BASE, section: 1 },
      { name: 'kallsyms_names', value: BASE, section: 1 },
      { name: 'memcpy_from_thumb', value: BASE, section: 1 },
      { name: '00000017.long_branch.printk', value: BASE, section: 1 },
      { name: 'x'.repeat(512), value: BASE, section: 1 },
      { name: 'undefined', bind: 1 },
      { name: 'undefined_weak', bind: 2 },
      { name: 'unique', value: BASE, bind: 10, section: 1 },
    ];
    const kept: SymbolSpec[] = [
      { name: 'label', value: BASE, section: 1 },
      { name: 'x'.repeat(511), value: BASE, section: 1 },
      { name: '__ksymtab_printk', value: BASE, section: 1 },
      { name: 'kallsyms_lookup_name', value: BASE, section: 1 },
      { name: '__gp', section: 'abs' },
      { name: 'weak', value: BASE, bind: 2, section: 1 },
    ];
    const image = readImage(vmlinux([...dropped, ...kept]), 'vmlinux');
    const keptNames = image.names.filter((_, i) => image.kept[i] === 1);
    expect(keptNames.slice(0, -2)).toEqual(kept.map((symbol) => symbol.name));
  });

  test('traceable by the addresses between __start_mcount_loc and __stop_mcount_loc', () => {
    const functions = [f('a', BASE), f('b', BASE + 0x10n), f('c', BASE + 0x20n), f('data', DATA, 8, 2)];
    const image = readImage(vmlinux(functions, [0n, BASE, BASE + 0x24n]), 'vmlinux');
    expect(image.hasSites).toBe(true);
    expect(rows(image).slice(0, 4)).toEqual(['a 1/1*', 'b 1/1', 'c 1/1*', 'data 1/1']);
    expect(readImage(vmlinux(functions), 'vmlinux').hasSites).toBe(false);
  });

  test('traceable by relocations where the table is filled in at boot', () => {
    const relative: SectionSpec = {
      name: '.rela.dyn',
      flags: 2,
      address: 0xffffffff83000000n,
      link: 0,
      relocations: [
        { offset: DATA, type: 1027, addend: BASE + 0x10n },
        { offset: DATA + 8n, type: 1027, addend: BASE + 0x38n },
        { offset: DATA + 16n, type: 1027, addend: BASE },
      ],
    };
    const functions = [f('a', BASE), f('b', BASE + 0x10n), f('c', BASE + 0x40n)];
    const arm64 = vmlinux(functions, [0n, 0n], [relative]);
    new DataView(arm64.buffer).setUint16(18, 183, true);
    expect(rows(readImage(arm64, 'vmlinux')).slice(0, 3)).toEqual(['a 1/1', 'b 1/1*', 'c 1/1*']);
  });

  test('a table of sites that cannot be one is refused', () => {
    const bytes = buildElf({
      type: 2,
      sections: [{ name: '.text', flags: 6, address: BASE, data: new Uint8Array(64) }],
      symbols: [
        { name: '__start_mcount_loc', value: BASE, bind: 1, section: 1 },
        { name: '__stop_mcount_loc', value: BASE + 0x1000n, bind: 1, section: 1 },
      ],
    });
    expect(() => readImage(bytes, 'vmlinux')).toThrow(/^vmlinux: has no table of ftrace sites/);
  });
});

test('a module: by order of its symbol table, and what stays once its init function has run', () => {
  const image = readImage(
    buildElf({
      sections: [
        { name: '.text', flags: 6, data: new Uint8Array(64) },
        { name: '.init.text', flags: 6, data: new Uint8Array(64) },
        { name: '.exit.text', flags: 6, data: new Uint8Array(64) },
        { name: '.modinfo', flags: 2, data: new Uint8Array(8) },
        { name: '.data..percpu', flags: 3, data: new Uint8Array(8) },
        { name: '.comment', data: new Uint8Array(8) },
        { name: '__mcount_loc', flags: 2, data: new Uint8Array(8) },
        { name: '.rela__mcount_loc', info: 7, relocations: [{ offset: 0, symbol: 4, addend: 0 }] },
      ],
      symbols: [
        { name: 'm.c', type: 4, section: 'abs' },
        { name: '', type: 3, section: 1 },
        f('twice', 0, 16, 2),
        f('twice', 32),
        f('twice', 0),
        { name: 'info', section: 4 },
        { name: 'cpu', section: 5 },
        { name: 'comment', section: 6 },
        { name: 'absolute', section: 'abs' },
        f('done', 0, 16, 3),
        { name: 'printk', bind: 1 },
      ],
    }),
    'm.ko',
  );
  expect(image.kind).toBe('module');
  const shown = image.names.map((name, i) => {
    const loading = `${image.loadingPosition[i]}/${image.loadingTotal[i]}`;
    return `${name} ${image.kept[i]} ${image.position[i]}/${image.total[i]} ${loading}`;
  });
  expect(shown).toEqual([
    'twice 0 0/2 1/3',
    'twice 1 1/2 2/3',
    'twice 1 2/2 3/3',
    'info 0 0/0 1/1',
    'cpu 1 1/1 1/1',
    'comment 0 0/0 1/1',
    'absolute 0 0/0 1/1',
    'done 1 1/1 1/1',
    'printk 0 0/0 0/0',
  ]);
  expect([...image.traceable]).toEqual([0, 1, 0, 0, 0, 0, 0, 0, 0]);
  expect(image.section[6]).toBe(-1);
  expect([...image.symbolIndex.slice(0, 3)]).toEqual([3, 4, 5]);
});
