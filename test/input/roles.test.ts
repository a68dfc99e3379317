import { describe, expect, it } from 'vitest';
import { classify, companion, stemOf } from '../../src/input/roles.js';

describe('classify', () => {
  it.each([
    ['mm/migrate.c.000i.ipa-clones', 'dump'],
    ['foo.c.042i.ipa-clones', 'dump'],
    ['a.ltrans0.ltrans.000i.ipa-clones', 'dump'],
    ['a.wpa.000i.ipa-clones', 'dump'],
    ['foo.ipa-clones', 'dump'],
    ['mm/migrate.o', 'object'],
    ['foo.mod.o', 'object'],
    ['mm/migrate.ci', 'callgraph'],
    ['fs/ext4/ext4.ko', 'module'],
    ['ext4.ko.gz', 'module'],
    ['ext4.ko.xz', 'module'],
    ['ext4.ko.zst', 'module'],
    ['fs/ext4/ext4.mod', 'modlist'],
    ['vmlinux', 'vmlinux'],
    ['build/vmlinux', 'vmlinux'],
    ['vmlinux.gz', 'vmlinux'],
    ['vmlinux.xz', 'vmlinux'],
    ['vmlinux.zst', 'vmlinux'],
    ['boot/vmlinux-6.4.0-150600.23-default.xz', 'vmlinux'],
    ['boot/symvers-6.4.0-150600.23-default.gz', 'symvers'],
    ['vmlinux.debug', 'debug'],
    ['boot/vmlinux-6.4.0-150600.23-default.debug', 'debug'],
    ['usr/lib/debug/boot/vmlinux-6.1.0-23-amd64', 'debug'],
    ['usr/lib/debug/lib/modules/6.1.0/vmlinux', 'debug'],
    ['usr/lib/debug/lib/modules/6.1.0/kernel/fs/ext4.ko.debug.xz', 'debug'],
    ['a.c.000i.ipa-clones.bz2', 'dump'],
    ['vmlinux.o', 'object'],
    ['System.map', 'systemmap'],
    ['Module.symvers', 'symvers'],
    ['symbols.klp', 'symbolsklp'],
    ['.config', 'config'],
    ['boot/config-6.1.0-23-amd64', 'config'],
    ['usr/lib/modules/6.1.0/config', 'config'],
    ['include/config/kernel.release', 'release'],
    ['include/generated/utsrelease.h', 'release'],
  ])('%s is a %s', (name, role) => {
    expect(classify(name)).toBe(role);
  });

  it.each([
    'foo.c',
    'foo.mod.c',
    '.config.old',
    'config-y',
    'tools/modules/config',
    'vmlinux.bin',
    'vmlinux.lds',
    'my-vmlinux',
    'System.map.old',
    'foo.ko.bz2',
    'foo.o.cmd',
    '.o',
    'dir/.ko',
    '.ipa-clones',
    'dump.o/README',
    '',
  ])('%s has no role', (name) => {
    expect(classify(name)).toBeUndefined();
  });
});

describe('stemOf', () => {
  it.each([
    ['mm/migrate.c.000i.ipa-clones', 'mm/migrate.c'],
    ['foo.mod.c.085i.ipa-clones', 'foo.mod.c'],
    ['foo.c.1000i.ipa-clones', 'foo.c'],
    ['a.ltrans0.ltrans.000i.ipa-clones', 'a.ltrans0.ltrans'],
    ['a.wpa.000i.ipa-clones', 'a.wpa'],
    ['foo.c.ipa-clones', 'foo.c'],
    ['foo.000i.c', 'foo.000i.c'],
  ])('%s -> %s', (dump, stem) => {
    expect(stemOf(dump)).toBe(stem);
  });
});

describe('companion', () => {
  it.each([
    ['dir/foo.c', 'dir/foo.o'],
    ['foo.mod.c', 'foo.mod.o'],
    ['.vmlinux.export.c', '.vmlinux.export.o'],
    ['a.ltrans0.ltrans', 'a.ltrans0.ltrans.o'],
    ['a.wpa', 'a.wpa.o'],
    ['x.cc', 'x.o'],
    ['x.f90', 'x.o'],
    ['rust/core.rs', 'rust/core.o'],
    ['asm-offsets.h', 'asm-offsets.o'],
    ['v1.c/unit', 'v1.c/unit.o'],
    ['dir/.c', 'dir/.c.o'],
    ['noextension', 'noextension.o'],
  ])('the object of %s is %s', (stem, object) => {
    expect(companion(stem, '.o')).toBe(object);
  });

  it('names the call graph the same way', () => {
    expect(companion('mm/migrate.c', '.ci')).toBe('mm/migrate.ci');
  });
});
