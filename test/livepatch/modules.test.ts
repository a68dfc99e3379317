import { describe, expect, test } from 'vitest';
import type { Livepatch } from '../../src/livepatch/livepatch.js';
import { readLivepatch } from '../../src/livepatch/read-livepatch.js';
import { buildElf } from '../helpers/elf-builder.js';
import {
  COMPILERS,
  hasCompiler,
  KERNEL_ERAS,
  type KernelEra,
  livepatchSource,
  moduleOf,
  stripped,
} from '../helpers/livepatch-module.js';

const read = (bytes: Uint8Array) => readLivepatch([{ path: 'lp.ko', bytes }]);
const shown = ({ patched }: Livepatch) =>
  patched.map((p) => `${p.object} ${p.function},${p.sympos} ${p.replacement ?? '-'}`);
const NEWEST = KERNEL_ERAS.find(({ kernel }) => kernel === '5.10') as KernelEra;

/** Two replacements, and another structure that begins with its module. */
const CODE = `
static int one(int x) { return x + 1; }
int two(int x) { return x + 2; }
struct operations { void *owner, *open, *release; } operations = { THIS_MODULE, one, two };
`;
const PATCH = `
static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objs };
int init_module(void) { return klp_enable_patch(&patch) + operations.owner != 0; }
`;
const MANY = `${CODE}
static struct klp_func vmlinux_funcs[] = {
  { .old_name = "first", .new_func = one },
  { .old_name = "state_show", .new_func = two, .old_sympos = 2 },
  { .old_name = "third.isra.0", .new_func = one, .old_sympos = 70000 },
  {}
};
static struct klp_func ext4_funcs[] = { { .old_name = "ext4_x", .new_func = two }, {} };
static struct klp_func empty_funcs[] = { {} };
static struct klp_func btrfs_funcs[] = { { .old_name = "a", .new_func = one }, { .old_name = "b", .new_func = two }, {}, {} };
static struct klp_object objs[] = {
  { .funcs = vmlinux_funcs },
  { .name = "ext4", .funcs = ext4_funcs },
  { .name = "empty", .funcs = empty_funcs },
  { .name = "btrfs", .funcs = btrfs_funcs },
  {}
};
${PATCH}`;
const SINGLE = (functions: string, name = '') => `${CODE}
static struct klp_func funcs[] = { ${functions} {} };
static struct klp_object objs[] = { { ${name} .funcs = funcs }, {} };
${PATCH}`;

const machines = Object.entries(COMPILERS).filter(([, compiler]) => hasCompiler(compiler));
const cases = machines.flatMap(([machine, compiler]) =>
  KERNEL_ERAS.map((era) => ({ machine, compiler, era, kernel: era.kernel })),
);

describe.skipIf(cases.length === 0).each(cases)('a module for $kernel on $machine', ({ compiler, era }) => {
  test('with several objects of one, no and many functions', () => {
    const livepatch = read(moduleOf(livepatchSource(era, MANY), compiler));
    expect(livepatch.kind).toBe('module');
    expect(livepatch.warnings).toEqual([]);
    expect(shown(livepatch)).toEqual([
      'vmlinux first,0 one',
      'vmlinux state_show,2 two',
      'vmlinux third.isra.0,70000 one',
      'ext4 ext4_x,0 two',
      'btrfs a,0 one',
      'btrfs b,0 two',
    ]);
    expect(livepatch.patched[0]!.where).toBe('lp.ko');
  });

  test('with one function, and with two', () => {
    const one = '{ .old_name = "f", .new_func = one, .old_sympos = 3 },';
    expect(shown(read(moduleOf(livepatchSource(era, SINGLE(one)), compiler)))).toEqual(['vmlinux f,3 one']);
    const two = `${one} { .old_name = "g", .new_func = two },`;
    expect(shown(read(moduleOf(livepatchSource(era, SINGLE(two, '.name = "nfs",')), compiler)))).toEqual([
      'nfs f,3 one',
      'nfs g,0 two',
    ]);
  });
});

describe.skipIf(!hasCompiler(COMPILERS.x86_64))('a module', () => {
  test('whose objects have callbacks, in compound literals, its data in sections of their own, without local symbols', () => {
    const source = livepatchSource(
      NEWEST,
      `${CODE}
static struct klp_patch patch = { .mod = THIS_MODULE, .objs = (struct klp_object[]) {
  { .funcs = (struct klp_func[]) { { "a", one }, { "b", two, 1 }, {} }, .callbacks = { one, two, one, two } },
  { .funcs = (struct klp_func[]) { { "c", one }, {} }, .name = "nfs", .callbacks = { .post_patch = one } },
  { .funcs = (struct klp_func[]) { { "d", one }, {} }, .callbacks = { .pre_patch = one } },
  {} } };
int init_module(void) { return klp_enable_patch(&patch); }`,
    );
    const expected = ['vmlinux a,0 one', 'vmlinux b,1 two', 'nfs c,0 one', 'vmlinux d,0 one'];
    for (const flags of [[], ['-fdata-sections'], ['-fno-toplevel-reorder']]) {
      expect(shown(read(moduleOf(source, COMPILERS.x86_64, flags)))).toEqual(expected);
    }
    const bare = read(stripped(moduleOf(source)));
    expect(bare.warnings).toEqual([]);
    expect(shown(bare)).toEqual(expected.map((line) => line.replace('one', '-')));
  });

  test('whose new functions are in another file', () => {
    const source = SINGLE('{ .old_name = "f", .new_func = elsewhere },').replace(
      'static int',
      'extern int elsewhere(int); static int',
    );
    expect(shown(read(moduleOf(livepatchSource(NEWEST, source))))).toEqual(['vmlinux f,0 elsewhere']);
  });

  test('with what the kernel stumbles over', () => {
    const warnings = (source: string) =>
      read(moduleOf(livepatchSource(NEWEST, source))).warnings.map(({ what }) => what);
    expect(warnings(SINGLE('{ .old_name = "f", .new_func = one },', '.name = "vmlinux",'))).toEqual([
      expect.stringMatching(/^names the object `vmlinux`: the kernel waits for a module/),
    ]);
    expect(warnings(SINGLE('{ .old_name = "f" }, { "g", one },'))).toEqual([
      'gives `f` no new_func: the kernel refuses it',
    ]);
    const endless = MANY.replace('.old_sympos = 70000 },\n  {}', '.old_sympos = 70000 },');
    expect(warnings(endless)).toEqual([
      expect.stringMatching(/^has an array of klp_func at .data\+\d+ without an empty entry/),
    ]);
    const behind = MANY.replace(
      '{ .old_name = "a", .new_func = one },',
      '{ .old_name = "a", .new_func = one }, {},',
    );
    expect(warnings(behind)).toEqual([
      expect.stringMatching(/^has entries behind the empty klp_func of .data\+\d+/),
    ]);
  });

  test('that is no livepatch, or is linked, is refused', () => {
    expect(() => read(moduleOf(livepatchSource(NEWEST, CODE)))).toThrow(
      /^lp.ko: has no klp_patch, and no list/,
    );
    const bytes = moduleOf(livepatchSource(NEWEST, SINGLE('{ "f", one },')));
    bytes[16] = 2;
    expect(() => read(bytes)).toThrow('lp.ko: is linked: a module is an ET_REL file; give the .ko');
    const nameless = livepatchSource(NEWEST, SINGLE('{ .new_func = one, .old_sympos = 1 },'));
    expect(() => read(moduleOf(nameless))).toThrow(/^lp.ko: has a klp_func without old_name at .data/);
  });

  test('of kpatch', () => {
    const functions = (fields: string, entries: string) => `
static int one(int x) { return x + 1; }
static int two(int x) { return x + 2; }
__attribute__((section(".kpatch.strings"))) char strings[] = "first\\0vmlinux\\0second\\0ext4";
struct kpatch_patch_func { unsigned long new_addr, new_size, old_addr, old_size; ${fields} char *name, *objname; };
__attribute__((section(".kpatch.funcs"), used)) static struct kpatch_patch_func funcs[] = { ${entries} };`;
    const now = functions(
      'unsigned long sympos;',
      '{ (unsigned long)one, 8, 0, 9, 2, strings, strings + 6 }, { (unsigned long)two, 8, 0, 9, 0, strings + 14, strings + 21 }',
    );
    const livepatch = read(moduleOf(now));
    expect(livepatch.kind).toBe('kpatch');
    expect(shown(livepatch)).toEqual(['vmlinux first,2 one', 'ext4 second,0 two']);
    const before = functions('', '{ (unsigned long)one, 8, 0, 9, strings, strings + 6 }');
    expect(shown(read(moduleOf(before)))).toEqual(['vmlinux first,0 one']);
    expect(() => read(moduleOf(functions('', '{ 1, 2, 3, 4, 0, strings }')))).toThrow(
      /.kpatch.funcs that is not made of/,
    );
  });

  test.each([
    ['.init.klp_objects', '.init.klp_funcs', 'void *callbacks[4]; _Bool enabled;'],
    ['__klp_objects', '__klp_funcs', 'void *callbacks[4];'],
    ['.init.klp_objects', '.init.klp_funcs', ''],
  ])('of objtool, in %s and %s, with callbacks { %s }', (objects, functions, callbacks) => {
    const livepatch = read(
      moduleOf(`
int one(int x) { return x + 1; }
int two(int x) { return x + 2; }
struct klp_func_ext { const char *old_name; void *new_func; unsigned long sympos; };
struct klp_object_ext { const char *name; struct klp_func_ext *funcs; struct { ${callbacks} } callbacks; unsigned int nr_funcs; };
__attribute__((section("${functions}"), used)) static struct klp_func_ext funcs[] = { { "a", one }, { "b", two, 4 }, { "c", one } };
__attribute__((section("${objects}"), used)) static struct klp_object_ext objs[] = {
  { .funcs = funcs, .nr_funcs = 2 }, { "nfs", funcs + 2, .nr_funcs = 1 } };`),
    );
    expect(livepatch.kind).toBe('objtool');
    expect(shown(livepatch)).toEqual(['vmlinux a,0 one', 'vmlinux b,4 two', 'nfs c,0 one']);
  });
});

test('a 32-bit big endian module whose relocations have no addends', () => {
  const text = '\0f\0nfs\0';
  const objects = 64; // behind the patch: two entries of 14 words
  const functions = objects + 2 * 56;
  const data = new Uint8Array(functions + 3 * 60);
  const view = new DataView(data.buffer);
  view.setUint32(4, objects);
  view.setUint32(objects, 3);
  view.setUint32(objects + 4, functions);
  for (const at of [functions, functions + 60]) view.setUint32(at, 1);
  view.setUint32(functions + 4, 8);
  view.setUint32(functions + 8, 5);
  const relocation = (offset: number, symbol: number) => ({ offset, symbol, type: 1 });
  const bytes = buildElf({
    class: 32,
    littleEndian: false,
    machine: 20,
    sections: [
      { name: '.text', flags: 6, data: new Uint8Array(16) },
      { name: '.data', flags: 3, data },
      { name: '.rodata.str1.1', flags: 0x32, data: Buffer.from(text) },
      {
        name: '.rel.data',
        type: 9,
        info: 2,
        relocations: [
          relocation(0, 4),
          relocation(4, 2),
          relocation(objects, 3),
          relocation(objects + 4, 2),
          relocation(functions, 3),
          relocation(functions + 4, 1),
          relocation(functions + 60, 3),
          relocation(functions + 64, 1),
        ],
      },
    ],
    symbols: [
      { name: '', type: 3, section: 1 },
      { name: '', type: 3, section: 2 },
      { name: '', type: 3, section: 3 },
      { name: '__this_module', bind: 1 },
      { name: 'new_f', bind: 1, type: 2, section: 1, value: 8 },
    ],
  });
  expect(shown(read(bytes))).toEqual(['nfs f,5 new_f', 'nfs f,0 -']);
});
