import { describe, expect, test } from 'vitest';
import { readReferences } from '../../src/livepatch/read-references.js';
import type { ReferenceTarget } from '../../src/livepatch/references.js';
import { buildElf, type ElfSpec } from '../helpers/elf-builder.js';
import { COMPILERS, hasCompiler, moduleOf } from '../helpers/livepatch-module.js';

const shown = (target: ReferenceTarget) => {
  const uses = target.uses.map((use) => `${use.relocations}*${use.count}${use.early ? '!' : ''}`).join(' ');
  const from = target.livepatchObject === undefined ? '' : `${target.livepatchObject}: `;
  return `${target.how} ${from}${target.symbolObject ?? '?'} ${target.name},${target.position} ${uses || '-'}`;
};

const machines = Object.entries(COMPILERS).filter(([, compiler]) => hasCompiler(compiler));

describe.skipIf(machines.length === 0).each(machines)('a module on %s', (_, compiler) => {
  const rela = (bytes: Uint8Array) => readReferences('lp.ko', bytes);

  test('annotated for full klp-convert', () => {
    const references = rela(
      moduleOf(
        `
struct klp_module_reloc { void *sym; unsigned int sympos; } __attribute__((packed));
#define KLP_MODULE_RELOC(obj) struct klp_module_reloc __attribute__((__section__(".klp.module_relocs." #obj), aligned(4)))
extern int state_show(void), ext4_x(void), kmalloc(void);
extern char unused;
KLP_MODULE_RELOC(vmlinux) a[] = { { &state_show, 2 }, { &unused, 1 } };
KLP_MODULE_RELOC(ext4) b[] = { { &ext4_x, 0 } };
int one(void) { return state_show() + ext4_x() + kmalloc(); }
void *two(void) { return &state_show; }`,
        compiler,
        ['-mcmodel=large', '-ffunction-sections'].slice(compiler === COMPILERS.x86_64 ? 0 : 1),
      ),
    );
    expect(
      references.targets.map((t) => `${t.how} ${t.symbolObject} ${t.name},${t.position} ${t.used}`).sort(),
    ).toEqual([
      'annotated-full ext4 ext4_x,0 true',
      'annotated-full vmlinux state_show,2 true',
      'annotated-full vmlinux unused,1 false',
    ]);
    expect(references.undefinedSymbols.map(({ name, how, used }) => `${name} ${how} ${used}`)).toContain(
      'kmalloc undefined true',
    );
    expect(references.malformed).toEqual([]);
  });

  test('annotated for minimal klp-convert', () => {
    const references = rela(
      moduleOf(
        `
extern int a(void) asm("\\".klp.sym.rela.vmlinux.vmlinux.saved_command_line.0\\"");
extern int b(void) asm("\\".klp.sym.rela.ext4.vmlinux.state_show,2\\"");
extern int c(void) asm("\\".klp.sym.rela.vmlinux.vmlinux.f.isra.0.1\\"");
extern int d(void) asm("\\".klp.sym.rela.vmlinux.vmlinux.f\\"");
int one(void) { return a() + b() + c() + d(); }`,
        compiler,
      ),
    );
    expect(references.targets.map((t) => shown(t).replace(/ \.rel.*/, '')).sort()).toEqual([
      'annotated-minimal ext4: vmlinux state_show,2',
      'annotated-minimal vmlinux: vmlinux f.isra.0,1',
      'annotated-minimal vmlinux: vmlinux saved_command_line,0',
    ]);
    expect(references.targets.every(({ used }) => used)).toBe(true);
    const malformed = references.malformed.map(({ raw, problem }) => `${raw} ${problem}`);
    expect(malformed.sort()).toEqual([
      '.klp.sym.rela.vmlinux.vmlinux.f has no position',
      '.klp.sym.rela.vmlinux.vmlinux.f.isra.0.1 has a name with a dot, which klp-convert cannot read back',
    ]);
  });
});

const LONG = 'x'.repeat(56);

function converted(spec: Partial<ElfSpec> = {}): Uint8Array {
  return buildElf({
    littleEndian: false,
    machine: 22,
    sections: [
      { name: '.text', flags: 6, data: new Uint8Array(64) },
      { name: '__jump_table', flags: 3, data: new Uint8Array(16) },
      {
        name: '.klp.rela.vmlinux..text',
        info: 1,
        flags: 0x100002,
        relocations: [
          { offset: 0, symbol: 1 },
          { offset: 8, symbol: 1 },
        ],
      },
      {
        name: '.klp.rela.nfs.__jump_table',
        info: 2,
        flags: 0x100002,
        relocations: [
          { offset: 0, symbol: 2 },
          { offset: 8, symbol: 3 },
        ],
      },
      { name: '.klp.rela.', info: 1, flags: 0x100000, relocations: [] },
      { name: '.rela.klp', info: 1, flags: 0x100002, relocations: [] },
      { name: '.debug_info', data: new Uint8Array(16) },
      { name: '.rela.debug_info', info: 7, relocations: [{ offset: 0, symbol: 4 }] },
    ],
    symbols: [
      { name: '.klp.sym.vmlinux.f.isra.0,2', bind: 1, section: 'livepatch' },
      { name: '.klp.sym.nfs.g,0', bind: 1, section: 'livepatch' },
      { name: '.klp.sym.nfs.h,1', bind: 1 },
      { name: 'weak', bind: 2 },
      ...[
        `.klp.sym.${LONG}.f,0`,
        `.klp.sym.nfs.${'y'.repeat(512)},0`,
        '.klp.sym.nfs.f',
        '.klp.sym.nfs.,1',
        '.klp.sym.f,1',
        '.klp.sym.a.f,',
        '.klp.sym.a.f,1b',
        'f,1',
      ].map((name) => ({ name, bind: 1, section: 'livepatch' as const })),
    ],
    ...spec,
  });
}

test('a converted module', () => {
  const references = readReferences('lp.ko', converted());
  expect(references.targets.slice(0, 3).map((t) => `${shown(t)} ${t.marked}`)).toEqual([
    'converted vmlinux f.isra.0,2 .klp.rela.vmlinux..text*2 true',
    'converted nfs g,0 .klp.rela.nfs.__jump_table*1! true',
    'converted nfs h,1 .klp.rela.nfs.__jump_table*1! false',
  ]);
  expect(references.targets[1]!.uses).toEqual([
    {
      section: '__jump_table',
      relocations: '.klp.rela.nfs.__jump_table',
      livepatchObject: 'nfs',
      count: 1,
      early: true,
    },
  ]);
  expect(references.relaSections.slice(0, 2)).toEqual([
    {
      name: '.klp.rela.vmlinux..text',
      object: 'vmlinux',
      base: '.text',
      infoSection: '.text',
      flags: 0x100002,
      livepatchFlag: true,
      allocated: true,
      relocations: 2,
      unmarked: [],
      early: false,
    },
    {
      name: '.klp.rela.nfs.__jump_table',
      object: 'nfs',
      base: '__jump_table',
      infoSection: '__jump_table',
      flags: 0x100002,
      livepatchFlag: true,
      allocated: true,
      relocations: 2,
      unmarked: ['.klp.sym.nfs.h,1'],
      early: true,
    },
  ]);
  expect(references.relaSections[2]).toMatchObject({
    name: '.klp.rela.',
    allocated: false,
    livepatchFlag: true,
  });
  expect(references.undefinedSymbols.map((t) => [t.name, t.weak, t.used])).toEqual([['weak', true, false]]);
  expect(references.earlySections).toEqual(['__jump_table']);
  expect(
    references.malformed.map(({ what, raw, problem }) => `${what} ${raw.slice(0, 30)} ${problem}`),
  ).toEqual([
    'section .klp.rela. names no object',
    'section .rela.klp is flagged for livepatch, but does not begin with `.klp.rela.`',
    'symbol .klp.sym.xxxxxxxxxxxxxxxxxxxxx has an object name of more than 55 characters, which the kernel cuts off or refuses',
    'symbol .klp.sym.nfs.yyyyyyyyyyyyyyyyy has a symbol name of more than 511 characters',
    'symbol .klp.sym.nfs.f has no position',
    'symbol .klp.sym.nfs.,1 names no symbol',
    'symbol .klp.sym.f,1 names no object',
    'symbol .klp.sym.a.f, has a position that is no number',
    'symbol .klp.sym.a.f,1b has something behind the position',
    'symbol f,1 is marked SHN_LIVEPATCH, but does not begin with `.klp.sym.`',
  ]);
});

test('annotations that are not made of entries are refused', () => {
  const bytes = buildElf({
    sections: [{ name: '.klp.module_relocs.vmlinux', flags: 3, data: new Uint8Array(16) }],
  });
  expect(() => readReferences('lp.ko', bytes)).toThrow(
    'lp.ko: has a .klp.module_relocs.vmlinux that is not made of entries of 12 bytes',
  );
});

test('a C source', () => {
  const source = `#define KLP_RELOC_SYMBOL_POS(LP_OBJ, SYM_OBJ, NAME, POS) \\
	asm("\\".klp.sym.rela." #LP_OBJ "." #SYM_OBJ "." #NAME "." #POS "\\"")
extern char *s KLP_RELOC_SYMBOL(vmlinux, vmlinux, saved_command_line);
extern int t(void) KLP_RELOC_SYMBOL_POS(ext4, vmlinux, state_show, 2);
extern int u KLP_RELOC_SYMBOL_POS(vmlinux, vmlinux, f.isra.0, 1); /* KLP_RELOC_SYMBOL(a, b, c) */
extern int v asm("\\".klp.sym.rela.xfs.xfs.w.0\\"");
extern int w KLP_RELOC_SYMBOL_POS(a, b, c);
KLP_MODULE_RELOC(vmlinux) relocs[] = {
	KLP_SYMPOS(first, 3),
	{ .sym = &second, .sympos = 1 },
	KLP_SYMPOS(bad, X + 1),
};`;
  const references = readReferences('lp.c', Buffer.from(source));
  expect(references.targets.map((t) => `${shown(t)} ${t.where}`)).toEqual([
    'annotated-minimal vmlinux: vmlinux saved_command_line,0 - lp.c:3',
    'annotated-minimal ext4: vmlinux state_show,2 - lp.c:4',
    'annotated-minimal vmlinux: vmlinux f.isra.0,1 - lp.c:5',
    'annotated-minimal xfs: xfs w,0 - lp.c:6',
    'annotated-full vmlinux first,3 - lp.c:9',
    'annotated-full vmlinux second,1 - lp.c:10',
  ]);
  expect(references.targets[0]!.used).toBeUndefined();
  expect(references.malformed.map(({ where, problem }) => `${where} ${problem}`)).toEqual([
    'lp.c:5 has a name with a dot, which klp-convert cannot read back',
  ]);
  expect(references.warnings.map(({ where, what }) => `${where} ${what}`)).toEqual([
    'lp.c:7 has a KLP_RELOC_SYMBOL_POS with 3 arguments, which is not read',
    'lp.c:11 has an entry of KLP_MODULE_RELOC that is not read',
  ]);
  expect(() => readReferences('list', Buffer.from('f\n'))).toThrow(
    'list: is a list: it refers to no symbols',
  );
});
