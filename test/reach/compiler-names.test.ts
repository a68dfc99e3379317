import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Asked } from '../helpers/asked.js';
import { hasGcc } from '../helpers/gcc.js';
import { ingest } from '../helpers/library.js';
import { buildDir, newIndex } from '../helpers/workplace.js';

const SOURCE = `
extern int out(int);
#define VERSIONS __attribute__((target_clones("avx2", "default")))
static inline int helper(int x) { return out(x) * 7; }
VERSIONS int foo(int x) { int s = 0; for (int i = 0; i < x; i++) s += helper(i) * x; return s; }
static VERSIONS int local(int x) { int s = 0; for (int i = 0; i < x; i++) s += helper(i) * 3; return s; }
int user(int x) { return foo(x) + local(x + 1); }

#pragma omp declare simd notinbranch
__attribute__((noinline)) float bar(float a, float b) { return a * b + 1; }
#pragma omp declare simd notinbranch
static __attribute__((noinline)) float sbar(float a, float b) { return a * b + 2; }
float scalar(float a) { return sbar(a, a); }

int source_name(int) asm("object_name");
int source_name(int x) { return out(x) * 5; }
`;

/** What linked objects would tell is not of interest here. */
const FLAGS = [
  '-O2',
  '-fopenmp-simd',
  '-fno-pie',
  '-fdump-ipa-clones',
  '-pg',
  '-mfentry',
  '-mrecord-mcount',
  '-w',
];

/** With the compiler's call graph, and with the machine code's. */
async function compiled(calls: 'ci' | 'objdump'): Promise<Asked> {
  const dir = buildDir();
  writeFileSync(join(dir, 'a.c'), SOURCE);
  const callgraph = calls === 'ci' ? ['-fcallgraph-info'] : [];
  execFileSync('gcc', [...FLAGS, ...callgraph, '-c', 'a.c', '-o', 'a.o'], { cwd: dir });
  const db = newIndex();
  await ingest([dir], { db, build: 'names', calls });
  return new Asked(db);
}

/** The dump's names of these are not those of the object's symbols. */
describe.skipIf(!hasGcc()).each(['ci', 'objdump'] as const)(
  'names that only the compiler has, calls by %s',
  (calls) => {
    test('f of target_clones is f.default; whoever calls f calls each version', async () => {
      const asked = await compiled(calls);
      const answer = ['clone foo.avx2', 'patch foo.default', 'patch user'];
      expect(asked.members('foo')).toEqual(answer);
      expect(asked.members('foo.default')).toEqual(answer);
      expect(asked.member('foo', 'foo.avx2').open).toEqual([]);
      expect(asked.members('local')).toEqual(['clone local.avx2', 'patch local.default', 'patch user']);
      expect(asked.members('helper')).toEqual([
        'clone foo.avx2',
        'clone local.avx2',
        'gone helper',
        'patch foo.default',
        'patch local.default',
        'patch user',
      ]);
      expect(asked.members('foo', { direction: 'inlined' })).toEqual(['gone helper', 'patch foo.default']);
      expect(() => asked.answers('foo.resolver')).toThrow(/only hands on/);
    });

    test('f.simdclone.0 is _ZGV..._f, and a clone', async () => {
      const asked = await compiled(calls);
      const kinds = ['_ZGVbN4vv_bar', '_ZGVcN8vv_bar', '_ZGVdN8vv_bar', '_ZGVeN16vv_bar'];
      expect(asked.members('bar')).toEqual([...kinds.map((name) => `clone ${name}`), 'patch bar']);
      expect(asked.members('sbar')).toEqual(['clone _ZGVbN4vv_sbar', 'patch sbar']);
    });
  },
);

describe.skipIf(!hasGcc())('a name that the source gives', () => {
  test('can be asked for, as the object’s', async () => {
    const asked = await compiled('ci');
    expect(asked.members('object_name')).toEqual(['patch object_name']);
    expect(asked.members('source_name')).toEqual(['patch object_name']);
  });
});
