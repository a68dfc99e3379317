import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { UnitAnswer } from '../../src/reach/answer.js';
import { hasGcc } from '../helpers/gcc.js';
import { query } from '../helpers/index-rows.js';
import { IndexReader, ingest, openForReading, parseSymbolSpec, Reach } from '../helpers/library.js';
import { newIndex } from '../helpers/workplace.js';

/** In link order: two files of one name, a static function of one name in both, and a weak definition that loses. */
const SOURCES = {
  'mm/core.c': `
    extern int shared(int); extern int level;
    static __attribute__((noinline)) int show(int a) { return shared(a) + level; }
    static inline int helper(int a) { return a * 3 + level; }
    __attribute__((weak, noinline)) int arch_hook(int a) { return shared(a) - 7; }
    int mm_read(int a) { return show(a) + helper(a) + arch_hook(a); }
    int mm_write(int a) { return show(a) * helper(a); }
  `,
  'lib/shared.c': `
    int level = 3, depth = 4; extern int arch_fast(int);
    static int rate;
    __attribute__((noinline, no_instrument_function)) int shared(int a) { return a / level + rate++; }
    int lib_entry(int a) { return shared(a) + arch_fast(a) + rate; }
  `,
  'fs/core.c': `
    extern int shared(int); extern int depth;
    static __attribute__((noinline)) int show(int a) { return shared(a) ^ depth; }
    static int callback(int a) { return show(a) << 2; }
    int (*fs_hook)(int) = callback;
    int fs_read(int a) { return show(a) + 1; }
    __attribute__((section(".init.text"), noinline)) int fs_init(int a) { return show(a); }
  `,
  'arch/hook.c': `
    extern int shared(int);
    static int hooks;
    __attribute__((noinline)) int arch_hook(int a) { return shared(a) * hooks++ + 11; }
  `,
};
const ASSEMBLY = `
  .text
  .globl arch_fast
  .type arch_fast, @function
  arch_fast: call shared
    ret
  .size arch_fast, .-arch_fast
`;
const SCRIPT = `
  SECTIONS {
    . = 0xffffffff81000000;
    .text : { *(.text .text.*) }
    __init_begin = .;
    .init.text : { *(.init.text) }
    __init_end = .;
    .data : { *(.data .data.*) *(.rodata*)
      __start_mcount_loc = .; *(__mcount_loc) __stop_mcount_loc = .; }
    .bss : { *(.bss) *(COMMON) }
    /DISCARD/ : { *(.comment) *(.note*) *(.eh_frame) }
  }
`;
const FLAGS = [
  '-O2',
  '-pg',
  '-mfentry',
  '-mrecord-mcount',
  '-fno-pic',
  '-mcmodel=kernel',
  '-fcf-protection=none',
];

describe.skipIf(!hasGcc())('units without objects, of a linked image', () => {
  let root: string;
  const run = (program: string, ...args: string[]) =>
    execFileSync(program, args, { cwd: root, stdio: 'pipe' });

  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'klp-reach-image-'));
    const objects: string[] = [];
    for (const [source, text] of Object.entries(SOURCES)) {
      mkdirSync(join(root, source, '..'), { recursive: true });
      writeFileSync(join(root, source), text);
      const object = source.replace('.c', '.o');
      const ipa = ['-fdump-ipa-clones', '-fcallgraph-info'];
      run('gcc', ...FLAGS, ...ipa, '-ffreestanding', '-c', source, '-o', object);
      objects.push(object);
    }
    writeFileSync(join(root, 'fast.S'), ASSEMBLY);
    writeFileSync(
      join(root, 'fentry.S'),
      '.text\n.globl __fentry__\n.type __fentry__, @function\n__fentry__: ret\n',
    );
    writeFileSync(join(root, 'kernel.lds'), SCRIPT);
    for (const name of ['fast', 'fentry']) run('gcc', '-c', `${name}.S`, '-o', `${name}.obj`);
    run('ld', '-T', 'kernel.lds', '-e', '0', '-o', 'vmlinux', ...objects, 'fast.obj', 'fentry.obj');
    run('rm', 'fast.obj', 'fentry.obj');
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  /** The answer of a function in the unit of a source. */
  async function ask(name: string, source: string, db: string): Promise<UnitAnswer> {
    const index = new IndexReader(openForReading(db));
    const spec = parseSymbolSpec(`${name}@${source}`);
    const [unit] = new Reach(index)
      .askIfKnown({ ...spec }, { filter: {}, mode: 'ordered', direction: 'affected' })
      .flatMap(({ units }) => units)
      .filter(({ unit: { source: of } }) => of === source);
    const answer = unit!;
    const kept = { ...answer, members: answer.members.map((m) => ({ ...m, class: m.class, name: m.name })) };
    index.close();
    return kept as unknown as UnitAnswer;
  }

  /** The dumps and vmlinux alone. */
  function bareFiles(): string {
    const files = mkdtempSync(join(tmpdir(), 'klp-reach-bare-'));
    run('sh', '-c', `cp vmlinux ${files} && cp --parents */*.ipa-clones ${files}`);
    return files;
  }

  async function indexes() {
    const whole = newIndex();
    await ingest([root], { db: whole, build: 'kernel' });
    const bare = newIndex();
    const files = bareFiles();
    try {
      return { whole, bare, report: await ingest([files], { db: bare, build: 'kernel' }) };
    } finally {
      rmSync(files, { recursive: true, force: true });
    }
  }

  test.each([
    ['shared', 'lib/shared.c'],
    ['show', 'mm/core.c'],
    ['show', 'fs/core.c'],
    ['callback', 'fs/core.c'],
    ['helper', 'mm/core.c'],
    ['fs_init', 'fs/core.c'],
    ['arch_hook', 'arch/hook.c'],
  ])('%s of %s is answered as with objects and call graphs', async (name, source) => {
    const { whole, bare } = await indexes();
    const facts = ({ verdict, members, unknowns }: UnitAnswer) => ({
      verdict,
      members: members.map((member) => `${member.class} ${member.name}`).sort(),
      unknowns: unknowns.map(({ code }) => code).sort(),
    });
    expect(facts(await ask(name, source, bare))).toEqual(facts(await ask(name, source, whole)));
  });

  test('the index says what it was read from', async () => {
    const { bare, report } = await indexes();
    expect(report).toMatchObject({ incomplete: [], problems: [] });
    expect(query(bare, 'SELECT source, object, calls, image FROM units ORDER BY source')).toEqual(
      ['arch/hook.c', 'fs/core.c', 'lib/shared.c', 'mm/core.c'].map((source) => ({
        source,
        object: 'image',
        calls: 'image',
        image: 'vmlinux',
      })),
    );
  });

  test('without objdump they stay unverified, and the image is named', async () => {
    const db = newIndex();
    const bare = bareFiles();
    try {
      writeFileSync(join(bare, 'objdump'), '#!/bin/sh\n[ "$1" = --version ] && echo objdump\n', {
        mode: 0o755,
      });
      const report = await ingest([bare], { db, build: 'kernel', objdump: join(bare, 'objdump') });
      expect(report.problems).toContainEqual(
        expect.objectContaining({ code: 'image-unread', file: join(bare, 'vmlinux') }),
      );
      expect((await ask('mm_read', 'mm/core.c', db)).verdict).toBe('unverified');
    } finally {
      rmSync(bare, { recursive: true, force: true });
    }
  });
});
