import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { openElf } from '../../src/elf/index.js';
import { embeddedConfig, parseKernelConfig } from '../../src/kernel/config.js';
import { buildIdOf, modinfoOf, releaseIn } from '../../src/kernel/elf-facts.js';
import { architectureOf, IdentityReader } from '../../src/kernel/identity.js';
import { buildElf } from '../helpers/elf-builder.js';
import { moduleFor, note, vmlinuxOf } from '../helpers/kernel-files.js';

const text = (value: string) => Buffer.from(value, 'latin1');
const elf = (bytes: Uint8Array, file = 'f') => openElf(bytes, file);

describe('an ELF file', () => {
  test.each([true, false])('has a build id among its notes, little endian: %s', (littleEndian) => {
    const notes = Buffer.concat([
      note('Linux', 0, text('xyz'), littleEndian),
      note('GNU', 3, text('\x9d\x0a'), littleEndian),
    ]);
    const bytes = buildElf({ littleEndian, sections: [{ name: '.notes', type: 7, flags: 2, data: notes }] });
    expect(buildIdOf(elf(bytes))).toBe('9d0a');
  });

  test.each([
    ['cut off', note('GNU', 3, text('\x9d\x0a\x01\x02')).subarray(0, 16)],
    ['too short', text('abc')],
    ['of another owner', note('GNV', 3, text('ab'))],
  ])('has none where its notes are %s', (_, data) => {
    expect(buildIdOf(elf(buildElf({ sections: [{ name: '.notes', type: 7, data }] })))).toBeUndefined();
  });

  test('says under a name of .modinfo the first that it has', () => {
    const data = text('license=GPL\0vermagic=6.1 SMP \0vermagic=7\0');
    expect(modinfoOf(elf(buildElf({ sections: [{ name: '.modinfo', data }] })), 'vermagic')).toBe('6.1 SMP ');
    expect(modinfoOf(elf(buildElf({})), 'vermagic')).toBeUndefined();
  });

  test('has the release in its banner, and formats are none', () => {
    const data = text('Linux version %s (%s)\0Linux version 6.1.192-lp (me@here) (gcc) #1\0');
    const rodata = { name: '.rodata', flags: 2, data };
    expect(releaseIn(elf(buildElf({ sections: [rodata] })))).toBe('6.1.192-lp');
    expect(releaseIn(elf(buildElf({ sections: [{ ...rodata, flags: 0 }] })))).toBeUndefined();
  });
});

describe('a configuration', () => {
  test('is what is set', () => {
    const values = parseKernelConfig('# CONFIG_A is not set\nCONFIG_B=y\r\nCONFIG_C="a=b"\nx\n', 'f');
    expect([...values]).toEqual([
      ['CONFIG_B', 'y'],
      ['CONFIG_C', '"a=b"'],
    ]);
    expect(() => parseKernelConfig('nothing', '.config')).toThrow('.config: sets no option');
  });

  test('is carried by a kernel', () => {
    const packed = (data: Uint8Array) => Buffer.concat([text('..IKCFG_ST'), data, text('IKCFG_ED')]);
    expect(embeddedConfig(packed(gzipSync('CONFIG_B=y\n')))).toBe('CONFIG_B=y\n');
    expect(embeddedConfig(packed(text('\x1f\x8bno')))).toBeUndefined();
    expect(embeddedConfig(text('IKCFG_ST and no end'))).toBeUndefined();
    expect(embeddedConfig(packed(gzipSync(Buffer.alloc(2 ** 25))))).toBeUndefined();
  });
});

describe('a kernel', () => {
  test('is what vmlinux, its modules and its configuration say', () => {
    const reader = new IdentityReader();
    reader.takeVmlinux(elf(vmlinuxOf({ release: '6.1.192', buildId: 'abcd' }), 'vmlinux'));
    reader.takeModule(elf(moduleFor('6.1.192 SMP '), 'a.ko'));
    reader.takeConfig('CONFIG_B=y', '.config');
    reader.takeConfig('CONFIG_C=y', 'deep/.config');
    reader.takeRelease('5.16.0\n');
    expect(reader.identity()).toEqual({
      release: '6.1.192',
      vermagic: '6.1.192 SMP ',
      buildId: 'abcd',
      abi: '62-64-le',
      config: { path: '.config', values: new Map([['CONFIG_B', 'y']]) },
    });
    expect(reader.foreign()).toEqual([]);
  });

  test('says its release in a file where vmlinux does not', () => {
    for (const said of ['6.1.192-lp\n', '#define UTS_RELEASE "6.1.192-lp"\n']) {
      const reader = new IdentityReader();
      reader.takeRelease('not a release');
      reader.takeRelease(said);
      expect(reader.identity()).toEqual({ release: '6.1.192-lp' });
    }
  });

  test('has modules of another one', () => {
    const reader = new IdentityReader();
    reader.takeModule(elf(moduleFor('5.16.0 SMP '), 'old.ko'));
    for (const name of ['a.ko', 'b.ko']) reader.takeModule(elf(moduleFor('6.1.0 SMP '), name));
    expect(reader.foreign()).toEqual([{ file: 'old.ko', says: '5.16.0 SMP ', other: 'a.ko' }]);
    reader.takeVmlinux(elf(vmlinuxOf({ release: '6.1.0+' }), 'vmlinux'));
    expect(reader.foreign()[0]).toEqual({ file: 'a.ko', says: '6.1.0 SMP ', other: 'vmlinux' });
  });

  test.each([
    ['62-64-le', 'x86_64'],
    ['22-64-be', 's390x'],
    ['21-64-le', 'ppc64le'],
    ['21-64-be', 'ppc64'],
    ['243-64-le', 'riscv64'],
    ['7-32-be', 'machine 7'],
  ])('%s is %s', (abi, name) => expect(architectureOf(abi)).toBe(name));
});
