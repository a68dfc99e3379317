import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  type ObjectReferences,
  readObjectReferences,
  readReferences,
} from '../../src/callgraph/references.js';
import {
  type Elf,
  ElfError,
  EM_MIPS,
  EM_PPC64,
  EM_X86_64,
  ET_EXEC,
  openElf,
  STB_GLOBAL,
  STB_WEAK,
  STT_FILE,
  STT_FUNC,
  STT_NOTYPE,
  STT_SECTION,
} from '../../src/elf/index.js';
import { openCorpus } from '../helpers/corpus.js';
import { buildElf, type SectionSpec, type SymbolSpec } from '../helpers/elf-builder.js';
import { missing } from './programs.js';

// Compilers take their time where other tests run beside this one.
vi.setConfig({ testTimeout: 60_000 });

/** `call .text: f -> g`; `?` for an undefined symbol, `-` for no function; each once, sorted. */
function told(elf: Elf): string[] {
  const rows = new Set<string>();
  readReferences(elf, {
    reference: (kind, section, _offset, by, { name, code }) =>
      rows.add(`${kind} ${section.name}: ${by?.name ?? '-'} -> ${name}${code === undefined ? '?' : ''}`),
  });
  return [...rows].sort();
}

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'klp-reach-references-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** The GNU tools of a target; those of the machine itself have no prefix on x86_64. */
function toolsOf(target: string): { gcc: string; why: string } {
  const gcc = target === 'x86_64-linux-gnu' && process.arch === 'x64' ? 'gcc' : `${target}-gcc`;
  const why = missing(gcc);
  if (why !== '') console.warn(`references of ${target} are not tested: ${why}`);
  return { gcc, why };
}

function run(gcc: string, name: string, source: string, flags: readonly string[]): Elf {
  writeFileSync(join(directory, name), source);
  execFileSync(gcc, [...flags, '-o', 'out', name], { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] });
  return openElf(readFileSync(join(directory, 'out')), name);
}

const native = toolsOf('x86_64-linux-gnu');
const assemble = (source: string, ...flags: string[]) =>
  run(native.gcc, 'a.s', `${source}\n`, ['-c', ...flags]);

/** Functions of assembler source: `f` is global, `weak f` is weak, `static f` is local. */
function func(head: string, ...body: string[]): string {
  const [binding, name] = head.includes(' ') ? head.split(' ') : ['global', head];
  const bind = { global: `.globl ${name}`, weak: `.weak ${name}`, static: '' }[binding!];
  return [bind, `.type ${name}, %function`, `${name}:`, ...body, `.size ${name}, .-${name}`, ''].join('\n');
}

describe.skipIf(native.why !== '')('x86_64', () => {
  test('the opcode tells calls from addresses, not the type', () => {
    const elf = assemble(`
      .text
      ${func('static away', 'nop', 'ret')}
      .section .text.other, "ax"
      ${func('f', 'call away', 'call ext', 'jne away', 'jmp ext2@PLT')}
      ${func('g', 'lea away(%rip), %rax', 'lea ext@PLT(%rip), %rax', 'ret')}
      ${func('h', 'mov $away, %rdi', 'movabs $ext, %rdi', 'push $g', 'ret')}
      ${func('noplt', 'call *ext@GOTPCREL(%rip)', 'mov ext2@GOTPCREL(%rip), %rax', 'jmp *ext3@GOTPCREL(%rip)')}
      ${func('pointer', 'call *ops(%rip)', 'cmpq $away, ops(%rip)', 'ret')}
      ${func('short', '.byte 0xeb', '.reloc ., R_X86_64_PC8, away-1', '.byte 0')}
    `);
    expect(told(elf)).toEqual([
      'address .text.other: g -> away',
      'address .text.other: g -> ext?',
      'address .text.other: h -> away',
      'address .text.other: h -> ext?',
      'address .text.other: h -> g',
      'address .text.other: noplt -> ext2?',
      'address .text.other: pointer -> away',
      'address .text.other: pointer -> ops?',
      'call .text.other: f -> away',
      'call .text.other: f -> ext2?',
      'call .text.other: f -> ext?',
      'call .text.other: noplt -> ext3?',
      'call .text.other: noplt -> ext?',
      'call .text.other: short -> away',
    ]);
  });

  test('data have addresses, whatever bytes are before them', () => {
    const elf = assemble(`
      .text
      ${func('static f', 'nop', 'ret')}
      ${func('g', 'ret')}
      .data
      .quad f, g, ext
      .byte 0xe8
      .long f - .
      .byte 0xe9
      .long ext - .
      .section .init.data, "aw"
      .quad f
      .section .debug_x, ""
      .quad f
    `);
    expect(told(elf)).toEqual([
      'address .data: - -> ext?',
      'address .data: - -> f',
      'address .data: - -> g',
      'address .init.data: - -> f',
    ]);
  });

  test('tables that only tell of code are passed over, and init tables are told apart', () => {
    const tables = [
      '__mcount_loc __patchable_function_entries .orc_unwind_ip .eh_frame .debug_info __ex_table __bug_table',
      '__jump_table .altinstructions .parainstructions .smp_locks .static_call_sites .retpoline_sites',
      '.return_sites .call_sites .discard.addressable ___ksymtab+f __ksymtab_gpl _kprobe_blacklist',
      '__ftr_fixup __lwsync_fixup .s390_indirect_call .s390_return_mem .sframe .ARM.exidx .ibt_endbr_seal',
      '.export_symbol',
    ];
    const init = ['.initcall6.init', '.initcallearly.init', '.con_initcall.init', '.init.setup'];
    const others = ['.init.data', '__tracepoints_ptrs', '.exitcall.exit', '.initramfs', '__fixup'];
    const names = [...tables.join(' ').split(' '), ...init, ...others];
    const elf = assemble(`
      .text
      ${func('f', 'ret')}
      ${names.map((name) => `.section "${name}", "a"\n.quad f\n.long f - .`).join('\n')}
    `);
    expect(told(elf)).toEqual([
      'address .exitcall.exit: - -> f',
      'address .init.data: - -> f',
      'address .initramfs: - -> f',
      'address __fixup: - -> f',
      'address __tracepoints_ptrs: - -> f',
      'init .con_initcall.init: - -> f',
      'init .init.setup: - -> f',
      'init .initcall6.init: - -> f',
      'init .initcallearly.init: - -> f',
    ]);
  });

  test('only entries count: no middle of code, no data, no labels, no .cold parts', () => {
    const elf = assemble(`
      .text
      ${func('f', 'nop', '.globl inner', 'inner: nop', 'ret')}
      entry: nop
      ret
      ${func('f.cold', 'jmp back')}
      ${func('g', 'nop', 'back: ret')}
      .section .text.other, "ax"
      ${func('h', 'call f+1', 'jmp inner', 'jne f.cold', 'call entry', 'mov $here, %rax', 'lea f(%rip), %rbx', 'ret')}
      .data
      here: .quad f+1, f.cold, back, entry, g
    `);
    expect(told(elf)).toEqual(['address .data: - -> g', 'address .text.other: h -> f']);
  });

  test("a .cold part and a replacement are the function's, other code is nobody's", () => {
    const elf = assemble(`
      .text
      ${func('f', '661: call a', 'back: ret')}
      ${func('g', '663: call a', 'ret')}
      .section .text.unlikely, "ax"
      ${func('static f.cold', 'call b', 'mov $b, %rax', 'jmp back')}
      .section .altinstr_replacement, "ax"
      771: call c
      772: call d
      773:
      .section .altinstructions, "a"
      .long 661b - ., 771b - .
      .word 0
      .byte 5, 5
      .long 663b - ., 772b - .
      .word 0
      .byte 5, 5
      .section .altinstr_aux, "ax"
      call e
      mov $e, %rax
      .section .noinstr.text, "ax"
      label: jmp e
      nop
    `);
    expect(told(elf)).toEqual(
      [
        'address .altinstr_aux: - -> e?',
        'address .text.unlikely: f -> b?',
        'call .altinstr_aux: - -> e?',
        'call .altinstr_replacement: f -> c?',
        'call .altinstr_replacement: g -> d?',
        'call .noinstr.text: - -> e?',
        'call .text.unlikely: f -> b?',
        'call .text: f -> a?',
        'call .text: g -> a?',
      ].sort(),
    );
  });

  test('a global or weak name is kept as it was said, and a place is called by its local name', () => {
    const elf = assemble(`
      .text
      .globl both
      .set both, own
      .type both, %function
      .weak lost
      .set lost, own
      .type lost, %function
      ${func('static own', 'nop', 'ret')}
      .globl strong, strong.localalias
      .set strong.localalias, strong
      .type strong.localalias, %function
      .weak also
      .set also, strong
      .type also, %function
      ${func('strong', 'nop', 'ret')}
      ${func('weak alone', 'ret')}
      .data
      .quad own, both, lost, .text, strong - (strong - own), alone
      .section .data.section, "aw"
      .quad .text + 2, .text + 4
    `);
    expect(told(elf)).toEqual([
      'address .data.section: - -> alone',
      'address .data.section: - -> strong',
      'address .data: - -> alone',
      'address .data: - -> both',
      'address .data: - -> lost',
      'address .data: - -> own',
    ]);
  });

  test('the tracer, thunks and return thunks are nobody', () => {
    const elf = assemble(`
      .text
      ${func('f', 'call __fentry__', 'call mcount', 'call __x86_indirect_thunk_rax', 'call g', 'jmp __x86_return_thunk')}
      .section .text.thunk, "ax"
      ${func('__x86_indirect_thunk_rdi', 'jmp *%rdi')}
      ${func('g', 'call __x86_indirect_thunk_rdi', 'lea __x86_indirect_thunk_rdi(%rip), %rax', 'call __x86_indirect', 'ret')}
    `);
    expect(told(elf)).toEqual(['call .text.thunk: g -> __x86_indirect?', 'call .text: f -> g']);
  });

  test('a jump to the own entry is a loop, a call of it is one', () => {
    const elf = assemble(`
      .text
      ${func('weak f', 'jne f', 'ret')}
      ${func('weak g', 'call g', 'jmp f')}
    `);
    expect(told(elf)).toEqual(['call .text: g -> f', 'call .text: g -> g']);
  });

  test('columns: each pair once, counted', () => {
    const elf = assemble(`
      .text
      ${func('f', 'call ext', 'call ext', 'mov $g, %rax', 'mov $g, %rbx', 'call g')}
      ${func('g', 'call ext', 'ret')}
      label: jmp ext
      .data
      .quad g, g
      .section .initcall4.init, "a"
      .long g - .
    `);
    const found = readObjectReferences(elf);
    expect(columns(found)).toEqual({
      calls: ['- -> ext x1', 'f -> ext x2', 'f -> g x1', 'g -> ext x1'],
      nameless: ['.text: ext'],
      addresses: ['.data: - -> g', '.initcall4.init: - -> g (init)', '.text: f -> g'],
    });
    expect(found.machineKnown).toBe(true);
    expect(new Set(found.names).size).toBe(found.names.length);
    expect(structuredClone(found)).toEqual(found);
  });
});

function columns(found: ObjectReferences) {
  const name = (id: number) => (id < 0 ? '-' : found.names[id]!);
  return {
    calls: Array.from(
      found.callCaller,
      (caller, i) => `${name(caller)} -> ${name(found.callCallee[i]!)} x${found.callCount[i]}`,
    ).sort(),
    nameless: Array.from(
      found.namelessCallee,
      (callee, i) => `${name(found.namelessSection[i]!)}: ${name(callee)}`,
    ).sort(),
    addresses: Array.from(found.addressTarget, (target, i) => {
      const init = found.addressInit[i] === 1 ? ' (init)' : '';
      return `${name(found.addressSection[i]!)}: ${name(found.addressBy[i]!)} -> ${name(target)}${init}`;
    }).sort(),
  };
}

/** Every way to refer to a function from another section. Functions are apart, so that no assembler does it itself. */
const SOURCE = `
typedef int (*function)(int);
int ext(int);
#define APART(name) __attribute__((noinline, noclone, section(".text." #name)))
APART(away) static int away(int x) { return ext(x) + 1; }
APART(pointed) static int pointed(int x) { return x + 3; }
APART(weakly) __attribute__((weak)) int weakly(int x) { return ext(x) * 3; }
APART(caller) int caller(int x) { return away(x) + weakly(x) * 2; }
APART(tail) int tail(int x) { return away(x); }
APART(taker) function taker(int x) { return x == 1 ? pointed : x == 2 ? caller : ext; }
function table[] = { pointed, weakly, ext };
__asm__(".section .initcall6.init,\\"a\\"\\n.long caller - .\\n.previous");
__asm__(".section .prel,\\"a\\"\\n.long away - .\\n.long ext - .\\n.previous");
`;

/** Where compilers put the addresses that code loads: in the code, or in a table of its own (Power's .toc). */
const IN_OBJECT = [
  'address .prel: - -> away',
  'address .prel: - -> ext?',
  'address DATA: - -> ext?',
  'address DATA: - -> pointed',
  'address DATA: - -> weakly',
  'address TAKER: taker -> caller',
  'address TAKER: taker -> ext?',
  'address TAKER: taker -> pointed',
  'call .text.away: away -> ext?',
  'call .text.caller: caller -> away',
  'call .text.caller: caller -> weakly',
  'call .text.tail: tail -> away',
  'call .text.weakly: weakly -> ext?',
  'init .initcall6.init: - -> caller',
];

const PLAIN = ['-O2', '-fno-pic', '-fno-asynchronous-unwind-tables'];
const TARGETS = [
  ['x86_64', 'x86_64-linux-gnu', PLAIN],
  ['x86_64, without PLT', 'x86_64-linux-gnu', ['-O2', '-fPIC', '-fno-plt']],
  ['i386', 'x86_64-linux-gnu', [...PLAIN, '-m32']],
  ['i386, without PLT', 'x86_64-linux-gnu', ['-O2', '-m32', '-fPIC', '-fno-plt']],
  ['s390x', 's390x-linux-gnu', PLAIN],
  ['s390x, position-independent', 's390x-linux-gnu', ['-O2', '-fPIE']],
  ['aarch64', 'aarch64-linux-gnu', PLAIN],
  ['ppc64le', 'powerpc64le-linux-gnu', PLAIN],
  ['ppc64le, long calls', 'powerpc64le-linux-gnu', [...PLAIN, '-mlongcall']],
  ['riscv64', 'riscv64-linux-gnu', PLAIN],
  ['riscv64, medany', 'riscv64-linux-gnu', ['-O2', '-mcmodel=medany']],
  ['arm', 'arm-linux-gnueabi', [...PLAIN, '-marm']],
  ['arm, Thumb', 'arm-linux-gnueabi', [...PLAIN, '-mthumb', '-march=armv7-a+fp']],
  ['mips', 'mips-linux-gnu', [...PLAIN, '-mno-abicalls', '-G0']],
  ['mips, 64 bits', 'mips-linux-gnu', [...PLAIN, '-mno-abicalls', '-G0', '-mabi=64']],
  ['mips, 64 bits, little-endian', 'mips-linux-gnu', [...PLAIN, '-mno-abicalls', '-G0', '-mabi=64', '-EL']],
] as const;

/** Rows with the names of compilers' sections taken out. */
function plain(elf: Elf): string[] {
  const rows = told(elf)
    .filter((row) => !row.includes('__x86.get_pc_thunk'))
    .map((row) => row.replace(/ \.s?data(?:\.rel(?:\.local)?)?: -/, ' DATA: -'))
    .map((row) => row.replace(/ \.text(?:\.taker)?: taker/, ' TAKER: taker'))
    .map((row) => row.replace(' .toc: -', ' TAKER: taker'));
  return [...new Set(rows)].sort();
}

/** The same, linked: only by the relocations that --emit-relocs keeps. */
const START = `
typedef int (*function)(int);
int caller(int), tail(int);
function taker(int);
int ext(int x) { return x + 7; }
void _start(void) { caller(1); tail(2); taker(3)(4); for (;;) ; }
`;

const LINKED = [
  ...IN_OBJECT.map((row) => row.replace('ext?', 'ext').replace(/ \.text[.\w]*:/, ' .text:')),
  'call .text: _start -> caller',
  'call .text: _start -> tail',
  'call .text: _start -> taker',
].sort();

describe.each(TARGETS)('%s', (name, target, flags) => {
  const { gcc, why } = toolsOf(target);

  test.skipIf(why !== '')('an object', () => {
    expect(plain(run(gcc, 'a.c', SOURCE, ['-c', ...flags]))).toEqual(IN_OBJECT);
  });

  // In its fields there are distances from the global offset table, whose place relocations do not say.
  const isFromTable = name === 'i386, without PLT';
  test.skipIf(why !== '' || isFromTable)('a linked image', () => {
    writeFileSync(join(directory, 'start.c'), START);
    const options = [...flags, '-static', '-no-pie', '-nostdlib', '-Wl,-q,--build-id=none,-e,_start'];
    expect(plain(run(gcc, 'a.c', SOURCE, [...options, 'start.c']))).toEqual(LINKED);
  });
});

/** Assembler source of a target, in a test that is skipped without its assembler. */
function testOf(
  target: string,
  title: string,
  source: string,
  rows: readonly string[],
  flags: readonly string[] = [],
) {
  const { gcc, why } = toolsOf(target);
  test.skipIf(why !== '')(`${target}: ${title}`, () => {
    expect(told(run(gcc, 'a.s', `${source}\n`, ['-c', ...flags]))).toEqual(rows);
  });
}

describe('what is particular to a target', () => {
  testOf(
    's390x-linux-gnu',
    'calls and addresses have the same types; loops, compare-and-branch, thunks and the tracer',
    `
      .text
      ${func('f', 'jg .+6', 'jge f', 'brctg %r2, f', 'cgrje %r2, %r3, f', 'br %r14')}
      ${func(
        'g',
        'brasl %r0, __fentry__',
        'brasl %r14, f',
        'brasl %r14, ext@PLT',
        'larl %r2, f',
        'larl %r2, ext2@PLT',
        'lgrl %r2, ext3@GOTENT',
        'brasl %r14, __s390_indirect_jump_r1',
        'cgrje %r2, %r3, f',
        'jg ext4',
      )}
    `,
    [
      'address .text: g -> ext2?',
      'address .text: g -> ext3?',
      'address .text: g -> f',
      'call .text: g -> ext4?',
      'call .text: g -> ext?',
      'call .text: g -> f',
    ],
  );

  testOf(
    'powerpc64le-linux-gnu',
    'a call may enter behind the set-up of r2, an address is of the entry',
    `
      .abiversion 2
      .text
      ${func('f', '0: addis 2,12,.TOC.-0b@ha', 'addi 2,2,.TOC.-0b@l', '.localentry f,.-f', 'nop', 'blr')}
      ${func('g', 'nop', 'nop', 'nop', 'nop', 'nop', 'nop', 'blr')}
      .section .text.other, "ax"
      ${func('h', 'bl _mcount', 'bl .text+8', 'b .text+16+16', 'bl .text+16+20', 'bl ext', 'nop', 'bl f', 'blr')}
      .data
      .quad .text + 8, .text + 16, f@localentry
      .section __ftr_alt_97, "ax"
      b ext
    `,
    [
      'address .data: - -> f',
      'address .data: - -> g',
      'call .text.other: h -> ext?',
      'call .text.other: h -> f',
      'call .text.other: h -> g',
      'call __ftr_alt_97: - -> ext?',
    ],
  );

  testOf(
    'riscv64-linux-gnu',
    'labels of auipc, marks, sizes and loops are no references, differences are one',
    `
      .text
      ${func('f', '.Lf: call _mcount', 'beqz a0, .Lf', 'j .Lf', 'tail g')}
      ${func('g', 'la a0, f', 'jal f', 'lla a1, ext', 'ret')}
      .data
      .word f - ., .Lend - .Lstart, .Lf - .
      .dword ext - .
      .section .text.other, "ax"
      .Lstart: call ext
      .Lend:
      ${func('h', 'call g', 'ret')}
    `,
    [
      'address .data: - -> ext?',
      'address .data: - -> f',
      'address .text: g -> ext?',
      'address .text: g -> f',
      'call .text.other: - -> ext?',
      'call .text.other: h -> g',
      'call .text: f -> g',
      'call .text: g -> f',
    ],
    ['-fpic', '-march=rv64g'],
  );

  testOf(
    'arm-linux-gnueabi',
    'addends are in the instructions',
    `
      .arm
      .arch armv7-a
      .text
      ${func('static f', 'nop', 'nop', 'bx lr')}
      ${func('static g', 'bx lr')}
      .section .text.other, "ax"
      ${func('h', 'bl f', 'bleq f+4', 'blne g', 'b g', 'bl ext', 'movw r0, #:lower16:g', 'movt r0, #:upper16:g', 'ldr r1, =f', '.pool')}
      .data
      .word f + 4, g, g - .
      .section .ARM.exidx, "a"
      .word f - .
    `,
    [
      'address .data: - -> g',
      'address .text.other: h -> f',
      'address .text.other: h -> g',
      'call .text.other: h -> ext?',
      'call .text.other: h -> f',
      'call .text.other: h -> g',
    ],
  );

  testOf(
    'arm-linux-gnueabi',
    'the lowest bit of a Thumb function is not of its place',
    `
      .syntax unified
      .thumb
      .arch armv7-a
      .text
      .thumb_func
      ${func('f', 'nop', 'bl ext', 'bx lr')}
      .thumb_func
      ${func('static g', 'bl ext2', 'bx lr')}
      .section .text.other, "ax"
      .thumb_func
      ${func('h', 'bl f', 'b.w g', 'beq.w f', 'movw r0, #:lower16:g', 'movt r0, #:upper16:g')}
      .data
      .word f, g
    `,
    [
      'address .data: - -> f',
      'address .data: - -> g',
      'address .text.other: h -> g',
      'call .text.other: h -> f',
      'call .text.other: h -> g',
      'call .text: f -> ext?',
      'call .text: g -> ext2?',
    ],
  );

  testOf(
    'mips-linux-gnu',
    'halves of an address make one, and the lower one has a sign',
    `
      .set noreorder
      .text
      ${func('static f', '.space 0x9000', 'jr $ra', 'nop')}
      ${func('static g', 'jr $ra', 'nop')}
      .section .text.other, "ax"
      ${func('h', 'lui $4, %hi(g)', 'lui $5, %hi(f)', 'addiu $5, %lo(f)', 'addiu $4, %lo(g)', 'jal g', 'nop', 'j f', 'nop', 'bal ext', 'nop')}
      .data
      .word f, g + 4
    `,
    [
      'address .data: - -> f',
      'address .text.other: h -> f',
      'address .text.other: h -> g',
      'call .text.other: h -> ext?',
      'call .text.other: h -> f',
      'call .text.other: h -> g',
    ],
    ['-mno-abicalls', '-fno-pic', '-mips32r2'],
  );
});

describe('built files', () => {
  const text = (data: readonly number[], address = 0n): SectionSpec => ({
    name: '.text',
    flags: 6,
    data: Uint8Array.from(data),
    address,
  });
  const f: SymbolSpec = { name: 'f', type: STT_FUNC, bind: STB_GLOBAL, section: 1, value: 0, size: 8 };
  const g: SymbolSpec = { name: 'g', type: STT_FUNC, bind: STB_WEAK, section: 1, value: 8, size: 8 };
  const call = [0xe8, 0, 0, 0, 0, 0x90, 0x90, 0xc3];
  const rela = (info: number, ...relocations: NonNullable<SectionSpec['relocations']>): SectionSpec => ({
    name: '.rela',
    info,
    relocations,
  });
  const open = (...[spec]: Parameters<typeof buildElf>) => openElf(buildElf(spec), 'a.o');
  const toG = { offset: 1, symbol: 2, type: 4, addend: -4 };

  test('of an unknown machine every reference is an address, and the answer says so', () => {
    const elf = open({
      machine: 0x1234,
      sections: [
        text([...call, ...call]),
        rela(1, { offset: 1, symbol: 2, type: 4 }, { offset: 2, symbol: 2, type: 0 }),
      ],
      symbols: [f, g],
    });
    expect(told(elf)).toEqual(['address .text: f -> g']);
    const found = readObjectReferences(elf);
    expect(found.machineKnown).toBe(false);
    expect(columns(found)).toEqual({ calls: [], nameless: [], addresses: ['.text: f -> g'] });
  });

  test('what is not loaded, and what has no symbol, is no reference', () => {
    const sections = [
      text([...call, ...call]),
      rela(1, { offset: 1, type: 2 }),
      { name: '.notes', data: new Uint8Array(8) },
    ];
    const elf = open({ sections: [...sections, rela(3, { ...toG, type: 1 })], symbols: [f, g] });
    expect(told(elf)).toEqual([]);
  });

  test("a livepatch's symbols are elsewhere, absolute and common ones are nothing", () => {
    const others = (['livepatch', 'abs', 'common'] as const).map((section) => ({
      name: `.klp.sym.vmlinux.${section},0`,
      section,
      bind: STB_GLOBAL,
    }));
    const elf = open({
      sections: [
        text([...call, ...call, ...call]),
        rela(1, ...[1, 2, 3].map((symbol) => ({ ...toG, symbol: symbol + 2 }))),
      ],
      symbols: [f, g, ...others],
    });
    expect(told(elf)).toEqual(['call .text: f -> .klp.sym.vmlinux.livepatch,0?']);
  });

  test('IFUNCs and unique symbols are functions; their sizes need not be known', () => {
    const elf = open({
      sections: [text([...call, ...call]), rela(1, { ...toG, symbol: 1 }, { ...toG, offset: 9 })],
      symbols: [
        { ...g, name: 'ifunc', type: 10, size: 0 },
        { ...f, name: 'unique', bind: 10, size: 0 },
      ],
    });
    expect(told(elf)).toEqual(['call .text: ifunc -> unique', 'call .text: unique -> ifunc']);
  });

  test("of parts of one name, each is its own file's", () => {
    const cold = { name: 'f.cold', type: STT_FUNC, section: 2 };
    const file = (name: string) => ({ name, type: STT_FILE, section: 'abs' as const });
    const own = (value: number): SymbolSpec => ({ name: 'f', type: STT_FUNC, section: 1, value, size: 8 });
    const symbols = (first: SymbolSpec[], second: SymbolSpec[]): SymbolSpec[] => [
      { name: 'ext', bind: STB_GLOBAL },
      ...first,
      { name: 'only', type: STT_FUNC, section: 1, value: 16, size: 8 },
      own(0),
      { ...cold, value: 8, size: 8 },
      ...second,
      own(8),
      { ...cold, value: 0, size: 8 },
    ];
    const sections = [
      text([...call, ...call, ...call]),
      { ...text([...call, ...call]), name: '.text.unlikely' },
      rela(2, { offset: 1, symbol: 1, type: 4, addend: -4 }),
    ];
    const holders = (first: SymbolSpec[], second: SymbolSpec[]) => {
      const offsets: (number | string | undefined)[] = [];
      const elf = open({ sections, symbols: symbols(first, second) });
      readReferences(elf, { reference: (_kind, _section, _offset, by) => offsets.push(by?.name, by?.start) });
      return offsets;
    };
    expect(holders([file('a.c')], [file('b.c')])).toEqual(['f', 8]);
    expect(holders([], [])).toEqual(['f.cold', 0]);
  });

  test('addresses of a linked image are those of the kernel, exactly', () => {
    const base = 0xffffffff81000000n;
    const data = { name: '.init.data', flags: 3, address: base + 0x1000n, data: new Uint8Array(64) };
    const at = (offset: number) => data.address + BigInt(offset);
    const bound = (name: string, offset: number): SymbolSpec => ({
      name,
      type: STT_NOTYPE,
      bind: STB_GLOBAL,
      section: 3,
      value: at(offset),
    });
    const symbols: SymbolSpec[] = [
      { ...f, value: base },
      { ...g, value: base + 8n },
      { name: '', type: STT_SECTION, section: 1, value: base },
      { name: '_start_of_g', type: STT_NOTYPE, bind: STB_GLOBAL, section: 1, value: base + 8n },
      { name: '_etext', type: STT_NOTYPE, bind: STB_GLOBAL, section: 1, value: base + 0x100n },
      bound('__start_mcount_loc', 8),
      bound('__stop_mcount_loc', 24),
      bound('__initcall_start', 24),
      bound('__initcall_end', 32),
      bound('__start_once', 32),
      bound('__stop_once', 64),
    ];
    const elf = open({
      type: ET_EXEC,
      machine: EM_X86_64,
      sections: [
        text([...call, ...call], base),
        rela(1, { ...toG, offset: base + 1n }, { ...toG, symbol: 4, type: 10, offset: base + 9n, addend: 0 }),
        data,
        rela(
          3,
          { offset: at(0), symbol: 1, type: 1 },
          { offset: at(8), symbol: 1, type: 1 },
          { offset: at(16), symbol: 3, type: 1, addend: 8 },
          { offset: at(24), symbol: 2, type: 1 },
          { offset: at(32), symbol: 3, type: 1, addend: 8 },
          { offset: at(40), symbol: 4, type: 1 },
          { offset: at(48), symbol: 5, type: 1 },
        ),
        { ...rela(3, { offset: at(0), symbol: 1, type: 8 }), name: '.rela.dyn', link: 0 },
      ],
      symbols,
    });
    expect(told(elf)).toEqual([
      'address .init.data: - -> f',
      'address .init.data: - -> g',
      'call .text: f -> g',
      'init .init.data: - -> g',
    ]);
  });

  test('damage is an error', () => {
    const sections = (offset: number) => [text(call), rela(1, { ...toG, offset })];
    const read =
      (...spec: Parameters<typeof buildElf>) =>
      () =>
        readObjectReferences(open(...spec));
    expect(read({ sections: sections(8), symbols: [f, g] })).toThrow(ElfError);
    expect(read({ sections: sections(1), symbols: [f, g], stripped: true })).toThrow('has no symbol table');
    expect(read({ sections: [text(call), { ...rela(1, toG), link: 0 }], symbols: [f, g] })).toThrow(
      'of no symbol table',
    );
    // Read as MIPS64 has it: R_MIPS_26 of symbol 99.
    const mips = rela(1, { offset: 0, symbol: 4 << 24, type: 99 });
    expect(read({ machine: EM_MIPS, sections: [text(call), mips], symbols: [f, g] })).toThrow(
      'has an impossible relocation 0',
    );
  });

  test("power's marks of inline PLT calls are no references but the last", () => {
    const types = [31, 29, 119, 120, 118, 123];
    const bctrl = [0x21, 0x04, 0x80, 0x4e];
    const elf = open({
      machine: EM_PPC64,
      sections: [
        text(types.flatMap(() => bctrl)),
        rela(1, ...types.map((type, i) => ({ offset: 4 * i, symbol: 2, type }))),
      ],
      symbols: [
        { ...f, size: 24 },
        { name: 'ext', bind: STB_GLOBAL },
        { ...g, value: 24 },
      ],
    });
    expect(told(elf)).toEqual(['call .text: f -> ext?']);
  });
});

const corpus = openCorpus();
const whyNoCorpus = corpus.why || missing('objdump', 'readelf');
if (whyNoCorpus !== '') console.warn(`references of a real kernel are not tested: ${whyNoCorpus}`);

function lines(program: string, ...args: string[]): string[] {
  return execFileSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 28, stdio: 'pipe' }).split('\n');
}

const METADATA =
  /^(?:__mcount_loc|\.orc_|\.eh_frame|__ex_table|__bug_table|__jump_table|\.altinstructions|\.parainst|\.smp_locks|\.static_call_sites|\.retpoline_|\.return_|\.discard|___?ksymtab|_kprobe_)/;
const INIT = /^\.(?:con_)?initcall|^\.init\.setup/;
const NOBODY = /^(?:__fentry__|__x86_return_thunk|__x86_indirect_thunk_\w+)$/;

/** What readelf says of the symbols: the functions at each place, where each symbol is, and those that are nowhere. */
function symbolsOf(file: string) {
  const sections = new Map<string, string>();
  const code = new Set<string>();
  for (const line of lines('readelf', '-SW', file)) {
    const [, index, name] = /^ +\[ *(\d+)\] (\S+)/.exec(line) ?? [];
    if (index !== undefined) sections.set(index, name!);
    if (/ AX /.test(line)) code.add(name!);
  }
  const functions = new Map<string, string[]>();
  const places = new Map<string, { section: string; offset: number }>();
  const undefinedOnes = new Set<string>();
  for (const line of lines('readelf', '-sW', file)) {
    const [, value = '', , type, , , index = '', name = ''] = line.trim().split(/\s+/);
    if (index === 'UND') undefinedOnes.add(name);
    const section = sections.get(index);
    if (section === undefined) continue;
    const offset = Number.parseInt(value, 16);
    places.set(name, { section, offset });
    if (type !== 'FUNC' || name.includes('.cold')) continue;
    const place = `${section}+${offset}`;
    functions.set(place, [...(functions.get(place) ?? []), name].sort());
  }
  return { code, functions, places, undefinedOnes };
}

/** Where objdump sees a relocated call or jump. */
function callsOf(file: string): Set<string> {
  const calls = new Set<string>();
  let section = '';
  for (const line of lines('objdump', '-drwz', '--no-show-raw-insn', file)) {
    section = /^Disassembly of section (.*):$/.exec(line)?.[1] ?? section;
    const found = /^ *[0-9a-f]+:\t(?:[a-z0-9]+ )*(?:call|j[a-z]+) [^*]*\t([0-9a-f]+): R_/.exec(line);
    if (found !== null) calls.add(`${section}+${Number.parseInt(found[1]!, 16)}`);
  }
  return calls;
}

/** An object's references as binutils say them: `call .text+1 -> f`, with all names of the place. */
function byBinutils(file: string): string[] {
  const { code, functions, places, undefinedOnes } = symbolsOf(file);
  const calls = callsOf(file);
  const rows: string[] = [];
  let section = '';
  for (const line of lines('readelf', '-rW', file)) {
    section = /^Relocation section '\.rela(.*)' at/.exec(line)?.[1] ?? section;
    const found = /^([0-9a-f]{16}) .* (R_\S+) +[0-9a-f]{16} (\S+) ([-+]) ([0-9a-f]+)$/.exec(line);
    if (found === null || METADATA.test(section)) continue;
    const [, offset, type, symbol, sign, size] = found as unknown as readonly string[];
    const at = `${section}+${Number.parseInt(offset!, 16)}`;
    const kind = calls.has(at) ? 'call' : INIT.test(section) ? 'init' : 'address';
    const base = places.get(symbol!) ?? { section: symbol, offset: 0 };
    const addend =
      Number.parseInt(`${sign}${size}`, 16) + (code.has(section) && /PC32|PLT32/.test(type!) ? 4 : 0);
    const names = undefinedOnes.has(symbol!)
      ? [symbol!]
      : functions.get(`${base.section}+${base.offset + addend}`);
    if (names !== undefined && !names.some((name) => NOBODY.test(name))) {
      rows.push(`${kind} ${at} -> ${names.join('=')}`);
    }
  }
  return rows.sort();
}

/** The same by this reader. */
function byReader(elf: Elf): string[] {
  const rows: string[] = [];
  readReferences(elf, {
    reference(kind, section, offset, _by, { name, code }) {
      const names = code === undefined ? [name] : [code.name, ...code.aliases].sort();
      rows.push(`${kind} ${section.name}+${offset} -> ${names.join('=')}`);
    },
  });
  return rows.sort();
}

describe.skipIf(whyNoCorpus !== '')('a real kernel', () => {
  test('binutils say the same of objects', () => {
    const objects = [
      'kernel/fork.o',
      'kernel/sched/core.o',
      'mm/memory.o',
      'fs/eventpoll.o',
      'init/main.o',
      'arch/x86/kvm/*.o',
    ];
    corpus.unpacked('objects.tar.zst', objects, (root) => {
      let rows = 0;
      for (const name of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
        if (!name.endsWith('.o')) continue;
        const found = byReader(openElf(readFileSync(join(root, name)), name));
        expect(found, name).toEqual(byBinutils(join(root, name)));
        rows += found.length;
      }
      expect(rows).toBeGreaterThan(10_000);
    });
  });

  test('vmlinux has the calls of its objects, and the addresses that they take', () => {
    const image = openElf(corpus.file('vmlinux.zst'), 'vmlinux');
    const symbols = image.symbols();
    const functions = new Set<string>();
    for (let i = 1; i < symbols.count; i++) if (symbols.type(i) === STT_FUNC) functions.add(symbols.name(i));
    const vmlinux = pairsOf(image, functions);
    const missed: string[] = [];
    let rows = 0;
    corpus.unpacked('objects.tar.zst', ['mm/*'], (root) => {
      for (const name of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
        if (!name.endsWith('.o')) continue;
        const pairs = pairsOf(openElf(readFileSync(join(root, name)), name), functions);
        rows += pairs.size;
        for (const pair of pairs) if (!vmlinux.has(pair)) missed.push(pair);
      }
    });
    expect(rows).toBeGreaterThan(7_000);
    // mm/percpu.c's weak one loses to arch/x86's.
    expect(missed.filter((pair) => !pair.startsWith('call pcpu_populate_pte '))).toEqual([]);
    expect(missed.length).toBe(4);
  });
});

/** `call f g`, `address f g`, `init - g`, of these functions only. */
function pairsOf(elf: Elf, functions: ReadonlySet<string>): Set<string> {
  const pairs = new Set<string>();
  readReferences(elf, {
    reference(kind, _section, _offset, by, { name }) {
      if (functions.has(name)) pairs.add(`${kind} ${by?.name ?? '-'} ${name}`);
    },
  });
  return pairs;
}
