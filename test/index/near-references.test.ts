import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { Asked } from '../helpers/asked.js';
import { hasTool } from '../helpers/demo.js';
import { hasGcc } from '../helpers/gcc.js';
import { ingest } from '../helpers/library.js';
import { buildDir, newIndex } from '../helpers/workplace.js';

const KERNEL = ['-fno-pie', '-mcmodel=kernel'];

/** A function that cannot be redirected, local to its unit. */
const STUCK = `
int sink; extern int ext(int);
__attribute__((no_instrument_function, patchable_function_entry(0), noinline)) static int stuck(int x) { return ext(x) * 9 + sink; }
`;

const TRACED = ['-pg', '-mfentry', '-mrecord-mcount'];

async function asked(
  source: string,
  flags: readonly string[] = KERNEL,
  [gcc, traced]: readonly [string, readonly string[]] = ['gcc', TRACED],
): Promise<Asked> {
  const build = buildDir({ 'a.c': STUCK + source });
  const own = ['-O2', ...traced, '-fdump-ipa-clones', '-fcallgraph-info'];
  execFileSync(gcc, [...own, ...flags, '-c', 'a.c', '-o', 'a.o'], { cwd: build });
  const db = newIndex();
  await ingest([build], { db, build: 'b', calls: 'ci' });
  return new Asked(db);
}

const named = (of: Asked) => of.members('stuck').map((member) => member.replace(/ .*:/, ' '));

describe.skipIf(!hasGcc())(
  'what no relocation tells, as the assembler settled it',
  { timeout: 60_000 },
  () => {
    test('a call by a function that inline assembly makes', async () => {
      const of = await asked(`
      asm(".text; .globl thunk; .type thunk,@function; thunk: push %rbx; call stuck; pop %rbx; ret; .size thunk,.-thunk");
      extern int thunk(int);
      int by_thunk(int x) { return thunk(x) + 2; }
      int by_call(int x) { return stuck(x) + 1; }
    `);
      expect(named(of)).toEqual(['blocked stuck', 'blocked thunk', 'patch by_call', 'patch by_thunk']);
    });

    test('short jumps by inline assembly, which GCC’s call graph lacks', async () => {
      const of = await asked(`
      int by_jcc(int x) { asm goto("cmp $3,%0; je stuck" :: "r"(x) :: l); return x; l: return 3; }
      int by_jump(int x) { asm goto("jmp stuck" :: "r"(x) :: l); return x; l: return 3; }
      int by_call(int x) { return stuck(x) + 1; }
    `);
      expect(named(of)).toEqual(['blocked stuck', 'patch by_call', 'patch by_jcc', 'patch by_jump']);
      expect(of.unit('stuck').unknowns.map(({ code }) => code)).toContain('calls-lack-call');
    });

    test('an address in position-independent code', async () => {
      const source = 'extern int take(int (*f)(int)); int taker(int x) { return take(stuck) + x; }';
      for (const flags of [KERNEL, ['-fPIE']]) {
        const of = await asked(source, flags);
        const reasons = of.open('stuck').filter((open) => open.includes('address'));
        expect(reasons, flags.join(' ')).toHaveLength(1);
        expect(reasons[0]).toContain('taker');
      }
    });

    test('code under a label that is no function', async () => {
      for (const jump of ['call stuck', 'jmp stuck', 'je stuck', 'lea stuck(%rip),%rax']) {
        const of = await asked(`
          asm(".text; label: ${jump}; ret");
          int by_call(int x) { return stuck(x) + 1; }
        `);
        expect(of.open('stuck'), jump).toEqual(['stuck: nodump-caller (.text of a.c.000i.ipa-clones)']);
      }
    });
  },
);

/** Compiler, its flags for ftrace, and lines of inline assembly that call a function, and that take its address. */
const MACHINES: readonly (readonly [string, readonly string[], readonly string[], string | undefined])[] = [
  [
    'aarch64-linux-gnu-gcc',
    ['-fpatchable-function-entry=2'],
    ['bl stuck', 'b stuck', 'b.eq stuck', 'cbz w0, stuck', 'tbnz w0, 3, stuck'],
    'adr x0, stuck',
  ],
  [
    's390x-linux-gnu-gcc',
    ['-pg', '-mfentry', '-mrecord-mcount'],
    ['brasl %r14,stuck', 'jg stuck', 'jo stuck', 'brct %r1,stuck', 'crje %r1,%r2,stuck'],
    'larl %r1,stuck',
  ],
  ['powerpc64le-linux-gnu-gcc', ['-fpatchable-function-entry=2'], ['b stuck', 'beq stuck'], undefined],
  [
    'arm-linux-gnueabi-gcc',
    ['-marm', '-fpatchable-function-entry=2'],
    ['b stuck', 'blne stuck'],
    'adr r0, stuck',
  ],
];

describe.each(MACHINES)('%s', (gcc, traced, calls, address) => {
  const isThere = hasTool(gcc);

  test.skipIf(!isThere).each(calls)('%s by inline assembly', { timeout: 60_000 }, async (call) => {
    const source = `
      int by_asm(int x) { asm volatile("${call}"); return x; }
      int by_call(int x) { return stuck(x) + 1; }
    `;
    const of = await asked(source, [], [gcc, traced]);
    expect(named(of).map((member) => member.split(' ')[1])).toContain('by_asm');
  });

  test.skipIf(!isThere || address === undefined)('an address', { timeout: 60_000 }, async () => {
    const source = `int taker(int x) { asm volatile("${address}"); return x + stuck(x); }`;
    const of = await asked(source, [], [gcc, traced]);
    expect(of.open('stuck').filter((open) => open.includes('address'))).toHaveLength(1);
  });
});
