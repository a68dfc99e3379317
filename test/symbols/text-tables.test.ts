import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/errors.js';
import {
  parseKallsyms,
  parseKlpSymbols,
  parseModuleObjects,
  parseModuleSymvers,
  parseSystemMap,
} from '../../src/symbols/text-tables.js';

const bytes = (text: string) => Buffer.from(text);

test('System.map', () => {
  const table = parseSystemMap(
    bytes('0000000000000000 D fixed_percpu_data\nffffffff81000001 T _stext\nffffffff81079f80 t state_show\n'),
    'System.map',
  );
  expect(table.names).toEqual(['fixed_percpu_data', '_stext', 'state_show']);
  expect([...table.address]).toEqual([0n, 0xffffffff81000001n, 0xffffffff81079f80n]);
  expect(String.fromCharCode(...table.type)).toBe('DTt');
  expect(table.hidden).toBe(false);
});

test('/proc/kallsyms, with modules, and with its addresses hidden', () => {
  const table = parseKallsyms(
    bytes(
      '0000000000000000 T _stext\n0000000000000000 t xfs_open\t[xfs]\n0000000000000000 t bpf_prog_1\t[bpf]\n',
    ),
    'kallsyms',
  );
  expect(table.modules).toEqual(['vmlinux', 'xfs', 'bpf']);
  expect([...table.module]).toEqual([0, 1, 2]);
  expect(table.hidden).toBe(true);
  expect(parseKallsyms(bytes('c0100000 T _stext\n'), 'kallsyms')).toMatchObject({ hidden: false });
});

test('Module.symvers, of all ages', () => {
  const printk = {
    crc: '0x92997ed8',
    name: '_printk',
    object: 'vmlinux',
    kind: 'EXPORT_SYMBOL',
    namespace: '',
  };
  expect(parseModuleSymvers(bytes('0x92997ed8\t_printk\tvmlinux\tEXPORT_SYMBOL\t\n'), 'a')).toEqual([printk]);
  expect(parseModuleSymvers(bytes('0x92997ed8\t_printk\tvmlinux\tEXPORT_SYMBOL\n'), 'a')).toEqual([printk]);
  const usb = {
    crc: '0x00000000',
    name: 'usb_stor_probe1',
    object: 'drivers/usb/storage/usb-storage',
    kind: 'EXPORT_SYMBOL_GPL',
    namespace: 'USB_STORAGE',
  };
  const now =
    '0x00000000\tusb_stor_probe1\tdrivers/usb/storage/usb-storage\tEXPORT_SYMBOL_GPL\tUSB_STORAGE\n';
  const in54 =
    '0x00000000\tusb_stor_probe1\tUSB_STORAGE\tdrivers/usb/storage/usb-storage\tEXPORT_SYMBOL_GPL\n';
  expect(parseModuleSymvers(bytes(now), 'a')).toEqual([usb]);
  expect(parseModuleSymvers(bytes(in54), 'a')).toEqual([usb]);
  expect(parseModuleSymvers(bytes(''), 'a')).toEqual([]);
});

test('*.mod, of all ages', () => {
  const objects = ['fs/xfs/xfs_file.o', 'fs/xfs/xfs_log.o'];
  expect(parseModuleObjects(bytes('fs/xfs/xfs_file.o\nfs/xfs/xfs_log.o\n'), 'xfs.mod')).toEqual({
    objects,
    undefinedSymbols: [],
  });
  const oneLine = 'fs/xfs/xfs_file.o fs/xfs/xfs_log.o\n';
  expect(parseModuleObjects(bytes(oneLine), 'xfs.mod').objects).toEqual(objects);
  expect(parseModuleObjects(bytes(`${oneLine}\n`), 'xfs.mod').objects).toEqual(objects);
  expect(parseModuleObjects(bytes(`${oneLine}_printk memcpy \n`), 'xfs.mod')).toEqual({
    objects,
    undefinedSymbols: ['_printk', 'memcpy'],
  });
  expect(parseModuleObjects(bytes(`fs/xfs/xfs.ko\n${oneLine}`), 'xfs.mod').objects).toEqual(objects);
});

test('symbols.klp', () => {
  const symbols = parseKlpSymbols(
    bytes('klp-convert-symbol-data.0.1\n*vmlinux\nstate_show\nstate_show\n*xfs\n__ksymtab_x\n*empty\n'),
    'symbols.klp',
  );
  expect([...symbols]).toEqual([
    ['vmlinux', ['state_show', 'state_show']],
    ['xfs', ['__ksymtab_x']],
    ['empty', []],
  ]);
});

describe('what cannot be read is named by file and line', () => {
  test.each<[parse: (b: Uint8Array, file: string) => unknown, text: string, where: string]>([
    [parseSystemMap, '', 'x'],
    [parseSystemMap, 'ffffffff81000000 T _stext\nffffffff8107', 'x:2'],
    [parseSystemMap, 'ffffffff81000000 T _stext\n\n', 'x:2'],
    [parseSystemMap, 'ffffffff81000000 T a [xfs]\n', 'x:1'],
    [parseSystemMap, '0ffffffff81000000 T a\n', 'x:1'],
    [parseKallsyms, 'zzzz T a\n', 'x:1'],
    [parseKallsyms, 'ffffffff81000000 T a [xfs\n', 'x:1'],
    [parseModuleSymvers, '0x0\ta\tvmlinux\tEXPORT_SYMBOL\t\n0x0\tb\n', 'x:2'],
    [parseModuleSymvers, '0x0 a vmlinux EXPORT_SYMBOL\n', 'x:1'],
    [parseModuleObjects, 'a.o\nb.o c\n', 'x:2'],
    [parseModuleObjects, 'a.o\nprintk\nb.o\n', 'x:3'],
    [parseModuleObjects, '\n', 'x'],
    [parseModuleObjects, '/* module */\n', 'x:1'],
    [parseKlpSymbols, 'vmlinux\n', 'x:1'],
    [parseKlpSymbols, 'klp-convert-symbol-data.0.1\nstate_show\n', 'x:2'],
    [parseKlpSymbols, 'klp-convert-symbol-data.0.1\n*vmlinux\na b\n', 'x:3'],
    [parseKlpSymbols, 'klp-convert-symbol-data.0.1\n*vmlinux\n*vmlinux\n', 'x:3'],
    [parseKlpSymbols, 'klp-convert-symbol-data.0.1\n*vmlinux\nstate_', 'x:3'],
  ])('%o', (parse, text, where) => {
    let error: unknown;
    try {
      parse(bytes(text), 'x');
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(InputError);
    expect((error as InputError).where).toBe(where);
  });
});
