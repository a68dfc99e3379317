import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openElf } from '../../src/elf/index.js';
import { InputError } from '../../src/errors.js';
import { readImage } from '../../src/symbols/image.js';
import { readObjectFunctions } from '../../src/symbols/object-functions.js';
import { buildElf, type ElfSpec } from '../helpers/elf-builder.js';
import { compile, hasGcc } from '../helpers/gcc.js';

/** Reads everything that there is to read. */
function readAll(bytes: Uint8Array): void {
  const elf = openElf(bytes, 'x.o');
  const symbols = elf.symbols();
  for (let i = 0; i < symbols.count; i++) {
    symbols.name(i);
    symbols.value(i);
    symbols.sectionIndex(i);
    symbols.fileOf(i);
  }
  for (const section of elf.sections) {
    elf.sectionBytes(section);
    if (section.type !== 4 && section.type !== 9) continue;
    const relocations = elf.relocations(section);
    for (let i = 0; i < relocations.count; i++) {
      relocations.symbol(i);
      relocations.addend(i);
    }
  }
}

/** Anything but an InputError with the file's name is a bug, and so is a table larger than the file can hold. */
function survives(bytes: Uint8Array): boolean {
  let whole = true;
  for (const read of [readAll, readObjectFunctions, readImage]) {
    if (read === readObjectFunctions && bytes[16] !== 1 && bytes[17] !== 1) continue; // ET_REL only
    try {
      const result = read(bytes, 'x.o');
      if (result !== undefined) {
        expect(result.names.length).toBeLessThan(bytes.length / 16);
        expect(result.traceable.length).toBe(result.names.length);
      }
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      expect(error.message).toMatch(/^x\.o: /);
      whole = false;
    }
  }
  return whole;
}

const small: ElfSpec = {
  class: 32,
  littleEndian: false,
  machine: 15, // parisc: patchable function entries before the function
  sections: [
    { name: '.text', flags: 6, data: new Uint8Array(96) },
    { name: '__patchable_function_entries', flags: 2, data: new Uint8Array(8) },
    {
      name: '.rela__patchable_function_entries',
      info: 2,
      relocations: [
        { offset: 0, symbol: 2, addend: 4 },
        { offset: 4, symbol: 2, addend: 60 },
      ],
    },
  ],
  symbols: [
    { name: 'a.c', type: 4, section: 'abs' },
    { name: '', type: 3, section: 1 },
    { name: 'one', value: 16, size: 20, type: 2, section: 1 },
    { name: 'two', value: 64, size: 30, bind: 1, type: 2, section: 1 },
  ],
};

const victims: [name: string, bytes: Uint8Array][] = [
  ['a big endian ELF32 object', buildElf(small)],
  ['a big endian ELF64 object', buildElf({ ...small, class: 64, machine: 22 })],
  [
    'a small vmlinux',
    buildElf({
      type: 2,
      sections: [
        { name: '.text', flags: 6, address: 0xffffffff81000000n, data: new Uint8Array(64) },
        { name: '.init.data', flags: 3, address: 0xffffffff82000000n, pointers: [0xffffffff81000010n, 0n] },
      ],
      symbols: [
        { name: 'f', value: 0xffffffff81000010n, size: 16, type: 2, section: 1 },
        { name: '__start_mcount_loc', value: 0xffffffff82000000n, bind: 1, section: 2 },
        { name: '__stop_mcount_loc', value: 0xffffffff82000010n, bind: 1, section: 2 },
      ],
    }),
  ],
];
if (hasGcc()) {
  const source =
    'int g(int); __attribute__((cold)) static int s(int a) { return g(a); } int f(int a) { return s(a) + g(a); }';
  const flags = ['-O1', '-pg', '-mfentry', '-mrecord-mcount', '-fno-pie'];
  victims.push(['a compiled object', compile(source, flags).object]);
}

describe.each(victims)('%s', (_, bytes) => {
  test('is whole', () => {
    expect(survives(bytes)).toBe(true);
  });

  test('cut off anywhere is an error', () => {
    for (let length = 0; length < bytes.length; length++)
      expect(survives(bytes.subarray(0, length))).toBe(false);
  });

  test('with any one byte changed is read or refused', () => {
    for (let at = 0; at < bytes.length; at++) {
      const changed = Uint8Array.from(bytes);
      for (const flip of [0x01, 0x80, 0xff]) {
        changed[at] = bytes[at]! ^ flip;
        survives(changed);
      }
    }
  });

  test('with many changes is read or refused', () => {
    const change = fc.record({
      at: fc.nat({ max: bytes.length - 1 }),
      value: fc.constantFrom(0, 1, 2, 0x7f, 0x80, 0xfe, 0xff),
      run: fc.integer({ min: 1, max: 8 }),
    });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
        const changed = Uint8Array.from(bytes);
        for (const { at, value, run } of changes) changed.fill(value, at, at + run);
        survives(changed);
      }),
      { numRuns: 2000 },
    );
  });
});

test('symbols that all share one long name are refused before they fill the memory', () => {
  const name = 'x'.repeat(8000);
  const bytes = buildElf({
    sections: [{ name: '.text', flags: 6, data: new Uint8Array(8) }],
    symbols: Array.from({ length: 20_000 }, (_, i) => ({ name: i === 0 ? name : '', type: 2, section: 1 })),
  });
  const view = new DataView(bytes.buffer);
  const table = openElf(bytes, 'x.o').section('.symtab')!;
  for (let i = 1; i <= 20_000; i++) view.setUint32(table.offset + i * 24, 1, true);
  expect(() => readObjectFunctions(bytes, 'x.o')).toThrow(
    'x.o: has symbol names that lie on top of each other',
  );
  expect(() => readImage(bytes, 'x.o')).toThrow('x.o: has symbol names that lie on top of each other');
});
