import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseCallgraphInfo } from '../../src/callgraph/ci.js';
import { readObjectCalls } from '../../src/callgraph/objdump.js';
import { InputError } from '../../src/errors.js';
import { objectWith } from '../helpers/objects.js';
import { callRows, namesOf } from './call-rows.js';
import { missing } from './programs.js';

const SOURCE = `
int ext(int); void noret(void) __attribute__((noreturn));
static __attribute__((noinline)) int cp(int a, int b) { for (int i = 0; i < a; i++) b += ext(i); return b; }
static __attribute__((noinline)) int rec(int n) { return n < 2 ? ext(n) : rec(n - 1) * rec(n - 2); }
int top(int x) { return cp(x, 3) + rec(x); }
__attribute__((noinline)) int tail(int x) { return ext(x + 1); }
int taillocal(int x) { return rec(x + 1); }
void copy(void *d, const void *s, unsigned long n) { __builtin_memcpy(d, s, n); }
int (*fp)(int);
int indirect(int x) { return fp(x) + 1; }
int indirecttail(int x) { return fp(x); }
int taken(int x) { return x * 3; }
void take(void) { fp = taken; }
__attribute__((cold, noinline)) static void slow(int x) { ext(x); ext(x + 1); ext(x + 2); }
void unlikely(int x) { if (__builtin_expect(x == 3, 0)) { slow(x); slow(x + 1); noret(); } ext(x); }
int renamed(int x) __asm__("other_name");
int callrenamed(int x) { return renamed(x) + 1; }
__attribute__((section(".init.text"))) int initialise(int x) { return rec(x) + tail(x); }
`;

const EXPECTED = [
  'callrenamed -> other_name',
  'copy -> memcpy',
  'cp.constprop.0 -> ext',
  'initialise -> rec',
  'initialise -> tail',
  'rec -> ext',
  'rec -> rec',
  'slow -> ext',
  'tail -> ext',
  'taillocal -> rec',
  'top -> cp.constprop.0',
  'top -> rec',
  'unlikely -> ext',
  'unlikely -> noret',
  'unlikely -> slow',
];

/** Flags as the kernel has them, as far as they change how calls are written. */
const COMPILERS = [
  [
    'x86_64',
    ['-mindirect-branch=thunk-extern', '-mfunction-return=thunk-extern', '-pg', '-mfentry', '-fno-pic'],
  ],
  ['aarch64', ['-fpatchable-function-entry=2', '-mbranch-protection=pac-ret+bti']],
  ['powerpc64le', ['-pg', '-mprofile-kernel']],
  ['s390x', ['-pg', '-mfentry', '-mindirect-branch=thunk', '-mfunction-return=thunk']],
] as const;

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'klp-reach-calls-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe.each(COMPILERS)('what GCC says and what it made for %s', (target, kernelFlags) => {
  const native = target === 'x86_64' && process.arch === 'x64';
  const gcc = native ? 'gcc' : `${target}-linux-gnu-gcc`;
  const why = missing(gcc, native ? 'objdump' : `${target}-linux-gnu-objdump`);
  if (why !== '') console.warn(`calls of ${target} are not tested: ${why}`);

  test.skipIf(why !== '').each([
    ['plain', []],
    ['as a kernel', kernelFlags],
    ['in sections', ['-ffunction-sections']],
    ['with stack usage', ['-fcallgraph-info=su,da']],
  ])('is the same calls, %s', async (name, flags) => {
    const source = join(directory, 'small.c');
    const object = join(directory, `${target}-${name.replaceAll(' ', '-')}.o`);
    writeFileSync(source, SOURCE);
    execFileSync(gcc, ['-O2', '-fcallgraph-info', ...flags, '-c', source, '-o', object]);
    const said = object.replace(/\.o$/, '.ci');
    const ci = parseCallgraphInfo(readFileSync(said), said);
    const code = await readObjectCalls(object);

    const withoutCounts = (rows: string[]) => rows.map((row) => row.replace(/ x\d+$/, ''));
    expect(withoutCounts(callRows(ci))).toEqual(EXPECTED);
    expect(withoutCounts(callRows(code))).toEqual(EXPECTED);
    const own = namesOf(ci, ci.functionName);
    expect(namesOf(code, code.functionName).filter((each) => !each.startsWith('__s390'))).toEqual(own);
    expect([...code.namelessCallee]).toEqual([]);
  });
});

describe('what cannot be read is an error that says what to do', () => {
  const object = (bytes: Uint8Array, name = 'a.o') => {
    const file = join(directory, name);
    writeFileSync(file, bytes);
    return file;
  };
  const script = (text: string) => {
    const file = join(directory, 'objdump.sh');
    writeFileSync(file, `#!/bin/sh\n${text}\n`);
    chmodSync(file, 0o755);
    return file;
  };
  const failure = async (calls: Promise<unknown>) => {
    const error = await calls.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(InputError);
    return (error as InputError).message;
  };

  test('no such file', async () => {
    expect(await failure(readObjectCalls(join(directory, 'none.o')))).toContain(
      'none.o: cannot be read (ENOENT)',
    );
  });

  test('no ELF file', async () => {
    expect(await failure(readObjectCalls(object(Buffer.from('text'))))).toContain('is not an ELF file');
  });

  test('a machine that is not known', async () => {
    const riscv = objectWith('f');
    riscv[18] = 243;
    expect(await failure(readObjectCalls(object(riscv)))).toContain('e_machine 243');
  });

  test('a linked image', async () => {
    const image = objectWith('f');
    image[16] = 2;
    expect(await failure(readObjectCalls(object(image)))).toContain('is a linked image');
  });

  test('no objdump', async () => {
    const program = join(directory, 'no-objdump');
    const message = await failure(readObjectCalls(object(objectWith('f')), { objdump: program }));
    expect(message).toMatch(
      /no-objdump: cannot be run \(ENOENT\); install binutils for x86_64 .*--objdump PATH/,
    );
  });

  test('an objdump for another architecture', async () => {
    const objdump = script(`echo "objdump: can't disassemble for architecture UNKNOWN!" >&2; exit 1`);
    const message = await failure(readObjectCalls(object(objectWith('f')), { objdump }));
    expect(message).toMatch(/a\.o: cannot be disassembled: .*architecture UNKNOWN!; .*--objdump PATH/);
  });

  test('an objdump that is killed', async () => {
    const objdump = script('kill -9 $$');
    expect(await failure(readObjectCalls(object(objectWith('f')), { objdump }))).toContain(
      'ended with SIGKILL',
    );
  });

  test('a disassembly with sections left out', async () => {
    const message = await failure(readObjectCalls(object(objectWith('f')), { objdump: script('exit 0') }));
    expect(message).toMatch(/left 1 sections of code out; .*GNU binutils/);
  });

  test('a name that looks like an option', async () => {
    const objdump = script('echo "Disassembly of section .text:"; test -f "$4"');
    const facts = await readObjectCalls(object(objectWith('f'), '-x.o'), { objdump });
    expect(namesOf(facts, facts.functionName)).toEqual(['f']);
  });
});
