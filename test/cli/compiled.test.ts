import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { klpReach } from '../helpers/command.js';
import { hasGcc } from '../helpers/gcc.js';
import { buildKernel } from '../helpers/kernel-build.js';
import { buildDir, newIndex, put } from '../helpers/workplace.js';
import { readCsv } from './csv.js';

/** A kernel in small. `fits` is what a fix changes. */
const SOURCES = {
  'packet.h': `
    struct packet { int length, kind, flags; };
    static inline __attribute__((always_inline)) int fits(const struct packet *p) { return p->length < 32; }
    int accept(const struct packet *), reject(const struct packet *), hook(const struct packet *);`,
  'kernel/start.c': `
    #include "packet.h"
    __attribute__((no_instrument_function)) void __fentry__(void) {}
    __attribute__((no_instrument_function)) void _start(void) {
      struct packet p = { 1, 2, 3 };
      for (;;) accept(&p), reject(&p), hook(&p);
    }`,
  'kernel/core.c': `
    #include "packet.h"
    static __attribute__((noinline)) int verify(const struct packet *p) { return fits(p) ? 7 : -1; }
    int accept(const struct packet *p) { return verify(p) + 1; }
    int reject(const struct packet *p) { return verify(p) - 1; }
    __attribute__((noinline)) int plain(const struct packet *p) { return fits(p) + 2; }
    int twin(const struct packet *) __attribute__((alias("plain")));
    __attribute__((noinline, no_instrument_function)) int quiet(const struct packet *p) { return fits(p) * 3; }
    int loud(const struct packet *p) { return quiet(p) + plain(p); }
    __attribute__((section(".init.text"))) int setup(const struct packet *p) { return fits(p) + 7; }
    __attribute__((section(".meminit.text"))) int grow(const struct packet *p) { return fits(p) + 70; }
    __attribute__((weak)) int hook(const struct packet *p) { return fits(p) + 40; }
    __attribute__((weak)) int default_hook(const struct packet *p) { return fits(p) + 50; }
    static __attribute__((noinline, used)) int show(const struct packet *p) { return fits(p) + 11; }
    int core_show(const struct packet *p) { return show(p) + 1; }`,
  'drivers/core.c': `
    #include "packet.h"
    static __attribute__((noinline, used)) int show(const struct packet *p) { return fits(p) + 22; }
    int driver_show(const struct packet *p) { return show(p) + 2; }
    int hook(const struct packet *p) { return p->flags; }`,
  'lib/folded.c': `
    #include "packet.h"
    static __attribute__((noinline)) int first(const struct packet *p) { return p->length * 37 + p->kind; }
    static __attribute__((noinline)) int second(const struct packet *p) { return p->length * 37 + p->kind; }
    int (*table)(const struct packet *) = first;
    int use_first(const struct packet *p) { return first(p) + 1; }
    int use_second(const struct packet *p) { return second(p) + 2; }`,
  'net/my-net.c': `
    #include "packet.h"
    static __attribute__((noinline, used)) int show(const struct packet *p) { return fits(p) + 33; }
    int net_show(const struct packet *p) { return show(p) + 3; }`,
  'net/util.c': `
    #include "packet.h"
    int net_util(const struct packet *p) { return fits(p) + 44; }`,
};
const LINKED = ['kernel/start.c', 'kernel/core.c', 'drivers/core.c', 'lib/folded.c'];
const MODULES = { 'net/my-driver': ['net/my-net.c', 'net/util.c'] };

if (!hasGcc()) console.warn('compiled examples are skipped: no gcc for x86_64');

interface Function {
  readonly name: string;
  readonly class: string;
  readonly blocked: string | null;
  readonly aliases: readonly string[];
  readonly sympos: number | null;
  readonly position: number | null;
}
interface Answer {
  readonly file: string;
  readonly complete: boolean;
  readonly unknown: readonly { readonly function: string; readonly why: string }[];
  readonly units: readonly {
    readonly source: string;
    readonly object: string | null;
    readonly calls: string;
    readonly functions: readonly Function[];
  }[];
}

async function indexed(
  build: string,
  ...options: readonly string[]
): Promise<{ db: string; warnings: string }> {
  const db = newIndex();
  const ran = await klpReach(['index', build, '--db', db, ...options]);
  expect(ran.code, ran.err).toBe(0);
  return {
    db,
    warnings: ran.err
      .split('\n')
      .filter((line) => line.includes('warning'))
      .join('\n'),
  };
}

async function affected(db: string, symbol: string, ...options: readonly string[]) {
  const ran = await klpReach(['affected', symbol, '--db', db, '-f', 'json', ...options]);
  expect(ran.err).toBe('');
  const answers: Answer[] = JSON.parse(ran.out).answers;
  const units = answers.flatMap((answer) => answer.units);
  const functions = (source: string) => units.find((unit) => unit.source === source)?.functions ?? [];
  return {
    code: ran.code,
    answers,
    units,
    unknown: answers.flatMap((answer) => answer.unknown),
    /** `class name` of the functions of one unit. */
    of: (source: string) =>
      functions(source)
        .map((f) => `${f.class} ${f.name}`)
        .sort(),
    one: (source: string, name: string) => functions(source).find((f) => f.name === name),
  };
}

/** A copy of the build without some of its files. */
function without(build: string, ...files: readonly string[]): string {
  const copy = buildDir();
  cpSync(build, copy, { recursive: true });
  for (const file of files) rmSync(join(copy, file), { recursive: true });
  return copy;
}

describe.skipIf(!hasGcc())('a small kernel', () => {
  let build = '';
  let db = '';
  beforeAll(async () => {
    build = buildKernel(SOURCES, LINKED, MODULES);
    let warnings: string;
    ({ db, warnings } = await indexed(build));
    expect(warnings).toBe('');
    const clones = readFileSync(join(build, 'kernel/core.c.000i.ipa-clones'), 'latin1');
    expect(clones, 'this gcc made no isra clone').toContain('verify.isra.0');
  }, 60_000);

  test('the patch set, with what cannot be patched and why', async () => {
    const answer = await affected(db, 'fits', '--strict');
    expect(answer.of('kernel/core.c')).toEqual(
      [
        'gone fits',
        'gone verify',
        'clone verify.isra.0',
        'patch accept',
        'patch reject',
        'patch plain',
        'patch show',
        'patch grow',
        'patch default_hook',
        'blocked hook',
        'blocked quiet',
        'blocked setup',
      ].sort(),
    );
    expect(answer.one('kernel/core.c', 'hook')!.blocked).toMatch(/weak/);
    expect(answer.one('kernel/core.c', 'quiet')!.blocked).toMatch(/notrace/);
    expect(answer.one('kernel/core.c', 'setup')!.blocked).toMatch(/\.init\.text/);
    expect(answer.of('drivers/core.c')).toEqual(['gone fits', 'patch show']);
    expect(answer.of('net/my-net.c')).toEqual(['gone fits', 'patch show']);
    expect(answer.of('net/util.c')).toEqual(['gone fits', 'patch net_util']);
    expect(answer.unknown).toEqual([]);
    expect(answer.code).toBe(0);
  });

  test('each unit’s object and each symbol’s position are those of the linked objects', async () => {
    const { units, one } = await affected(db, 'fits');
    expect(Object.fromEntries(units.map(({ source, object }) => [source, object]))).toEqual({
      'kernel/core.c': 'vmlinux',
      'drivers/core.c': 'vmlinux',
      'net/my-net.c': 'my_driver',
      'net/util.c': 'my_driver',
    });
    const nm = execFileSync('nm', ['-n', join(build, 'vmlinux')], { encoding: 'latin1' });
    expect(nm.match(/ t show$/gm)).toHaveLength(2);
    // Linked in this order.
    expect(one('kernel/core.c', 'show')).toMatchObject({ position: 1, sympos: 1 });
    expect(one('drivers/core.c', 'show')).toMatchObject({ position: 2, sympos: 2 });
    expect(one('net/my-net.c', 'show')).toMatchObject({ position: 1, sympos: 0 });
  });

  test('of a weak and a strong definition each is asked for by its file', async () => {
    const strong = await affected(db, 'hook@drivers/core.c');
    expect(strong.of('drivers/core.c')).toEqual(['patch hook']);
    const weak = await affected(db, 'hook@kernel/core.c');
    expect(weak.of('kernel/core.c')).toEqual(['blocked hook']);
  });

  test('names of one code are reported together', async () => {
    expect((await affected(db, 'fits')).one('kernel/core.c', 'plain')!.aliases).toEqual(['twin']);
    expect((await affected(db, 'second')).one('lib/folded.c', 'second')).toMatchObject({
      class: 'patch',
      aliases: ['first'],
    });
    const text = await klpReach(['affected', 'second', '--db', db]);
    expect(text.out).toMatch(/second .*the same code as first/);
  });

  test('callers: who needs patching, instead of it, or not at all', async () => {
    const needs = async (symbol: string) => {
      const ran = await klpReach(['callers', symbol, '--db', db, '-f', 'csv']);
      expect(ran).toMatchObject({ code: 0, err: '' });
      return readCsv(ran.out)
        .map(({ caller, need }) => `${need} ${caller}`)
        .sort();
    };
    expect(await needs('verify')).toEqual(['patch accept', 'patch reject', 'patch verify.isra.0']);
    expect(await needs('quiet')).toEqual(['instead loud']);
    expect(await needs('plain')).toEqual(['none loud']);
    expect(await needs('accept')).toEqual(['none _start']);
    expect(await needs('hook@drivers/core.c')).toEqual(['none _start']);
    expect(await needs('show@net/my-net.c')).toEqual(['none net_show']);
    const text = await klpReach(['callers', 'quiet', '--db', db]);
    expect(text.out).toMatch(/1 need patching instead[\s\S]*loud .*calls quiet, which is no ftrace site/);
    const json = await klpReach(['callers', 'accept', '--db', db, '-f', 'json']);
    expect(JSON.parse(json.out).answers[0].callers).toMatchObject([
      { caller: '_start', object: 'vmlinux', need: 'none', calls: 1 },
    ]);
    expect((await klpReach(['callers', 'loud', '--db', db])).out).toMatch(/nothing calls it by name/);
  });

  describe('without the call graph of a unit', () => {
    test('who calls the clone is an open question, which --strict fails', async () => {
      const { db: lost } = await indexed(without(build, 'kernel/core.ci'));
      const answer = await affected(lost, 'fits', '--strict');
      expect(answer.code).toBe(1);
      expect(answer.of('kernel/core.c')).not.toContain('patch accept');
      expect(answer.unknown).toMatchObject([
        { function: 'verify.isra.0', why: expect.stringMatching(/who calls it is unknown.*no \.ci file/) },
      ]);
      expect((await affected(lost, 'fits')).code).toBe(0);
      expect((await klpReach(['affected', 'fits', '--db', lost])).out).toMatch(
        /incomplete[\s\S]*verify\.isra\.0/,
      );
      expect((await klpReach(['affected', 'fits', '--db', lost, '-f', 'klp'])).out).toMatch(
        /incomplete: verify/,
      );
      const rows = readCsv((await klpReach(['affected', 'fits', '--db', lost, '-f', 'csv'])).out);
      expect(rows.map((row) => row['unknowns'])).toEqual(rows.map(() => '1'));
    });

    test('the machine code answers it', async () => {
      const { db: read } = await indexed(without(build, 'kernel/core.ci'), '--calls', 'objdump');
      const answer = await affected(read, 'fits', '--strict');
      expect(answer.code).toBe(0);
      expect(answer.units.find(({ source }) => source === 'kernel/core.c')!.calls).toBe('objdump');
      expect(answer.of('kernel/core.c')).toEqual((await affected(db, 'fits')).of('kernel/core.c'));
    });

    test('nor any objdump, the unit says so', async () => {
      const { db: lost } = await indexed(
        without(build, 'kernel/core.ci'),
        ...['--calls', 'objdump', '--objdump', 'no-such-objdump'],
      );
      expect((await affected(lost, 'fits', '--strict')).code).toBe(1);
    });

    test('nor asked for, the same is said', async () => {
      const { db: unread } = await indexed(build, '--calls', 'none');
      const answer = await affected(unread, 'fits', '--strict');
      expect(answer.code).toBe(1);
      expect(answer.unknown).toMatchObject([{ why: expect.stringContaining('calls were not read') }]);
    });
  });

  describe('where the linked objects lie elsewhere', () => {
    const elsewhere = buildDir();
    let bare = '';
    beforeAll(() => {
      bare = without(build, 'vmlinux', 'net/my-driver.ko');
      cpSync(join(build, 'vmlinux'), join(elsewhere, 'kernel.elf'));
      cpSync(join(build, 'net/my-driver.ko'), join(elsewhere, 'lib/my-driver.ko'));
      const nm = execFileSync('nm', ['-n', join(build, 'vmlinux')], { encoding: 'latin1' });
      put(elsewhere, {
        'System.map': nm,
        'exports.symvers': '0x00000000\taccept\tvmlinux\tEXPORT_SYMBOL_GPL\t\n',
        'names.klp': `klp-convert-symbol-data.0.1\n*vmlinux\n${nm.replace(/^\S+ . /gm, '')}*my_driver\nshow\nnet_show\nnet_util\n`,
      });
    });
    const at = (file: string) => join(elsewhere, file);

    test('without the modules, their functions are neither placed nor called out of reach', async () => {
      const { db: given } = await indexed(bare, '--vmlinux', at('kernel.elf'));
      const answer = await affected(given, 'fits', '--strict');
      expect(answer.units.map(({ source, object }) => `${source} ${object}`).sort()).toEqual([
        'drivers/core.c vmlinux',
        'kernel/core.c vmlinux',
        'net/my-net.c null',
        'net/util.c null',
      ]);
      expect(answer.of('net/util.c')).toEqual(['gone fits', 'patch net_util']);
      expect(answer.unknown).toEqual(
        ['show', 'net_util'].map((name) =>
          expect.objectContaining({
            function: name,
            why: expect.stringMatching(/which object it is in is unknown/),
          }),
        ),
      );
      expect(answer.code).toBe(1);
    });

    test('they are given by name', async () => {
      const { db: given, warnings } = await indexed(
        bare,
        '--vmlinux',
        at('kernel.elf'),
        '--modules',
        at('lib'),
      );
      expect(warnings).toBe('');
      const [one, other] = [await affected(given, 'fits'), await affected(db, 'fits')];
      expect(one.answers).toEqual(other.answers);
    });

    test.each(['xz', 'zst', 'gz'])('modules may be compressed (.ko.%s)', async (ending) => {
      const packed = buildDir();
      const program = { xz: ['xz', '-k', '--check=crc32'], zst: ['zstd', '-qk'], gz: ['gzip', '-k'] }[
        ending
      ]!;
      cpSync(at('lib/my-driver.ko'), join(packed, 'my-driver.ko'));
      execFileSync(program[0]!, [...program.slice(1), 'my-driver.ko'], { cwd: packed });
      rmSync(join(packed, 'my-driver.ko'));
      expect(existsSync(join(packed, `my-driver.ko.${ending}`))).toBe(true);
      const { db: given, warnings } = await indexed(bare, '--vmlinux', at('kernel.elf'), '--modules', packed);
      expect(warnings).toBe('');
      expect((await affected(given, 'fits')).answers).toEqual((await affected(db, 'fits')).answers);
    });

    test('with none of them, no object and no position is claimed', async () => {
      const { db: none } = await indexed(bare);
      const answer = await affected(none, 'fits');
      expect(answer.units.map(({ object }) => object)).toEqual([null, null, null, null]);
      expect(answer.one('kernel/core.c', 'show')).toMatchObject({ class: 'patch', sympos: null });
      const klp = await klpReach(['affected', 'fits', '--db', none, '-f', 'klp']);
      expect(klp.out).toContain('position unknown');
    });

    test('System.map tells what is in vmlinux, and not which of two equals is whose', async () => {
      const { db: map } = await indexed(bare, '--system-map', at('System.map'));
      const answer = await affected(map, 'fits', '--strict');
      const object = Object.fromEntries(answer.units.map((unit) => [unit.source, unit.object]));
      expect(object).toMatchObject({ 'kernel/core.c': 'vmlinux', 'net/util.c': null });
      expect(answer.one('kernel/core.c', 'plain')).toMatchObject({ class: 'patch', sympos: 0 });
      expect(answer.one('kernel/core.c', 'show')!.sympos).toBeNull();
      expect(answer.unknown).toContainEqual(expect.objectContaining({ function: 'show' }));
      expect(answer.code).toBe(1);
    });

    test('symbols.klp tells of modules too', async () => {
      const { db: klp } = await indexed(bare, '--symbols-klp', at('names.klp'));
      const answer = await affected(klp, 'fits', '--strict');
      const object = Object.fromEntries(answer.units.map((unit) => [unit.source, unit.object]));
      expect(object).toMatchObject({ 'kernel/core.c': 'vmlinux', 'net/util.c': 'my_driver' });
      expect(answer.one('kernel/core.c', 'show')!.sympos).toBeNull();
      expect(answer.code).toBe(1);
    });

    test('Module.symvers alone tells of exports, and of no object', async () => {
      const { db: exports } = await indexed(bare, '--symvers', at('exports.symvers'));
      const answer = await affected(exports, 'fits');
      expect(answer.units.map(({ object }) => object)).toEqual([null, null, null, null]);
    });

    test.each([['--vmlinux'], ['--modules'], ['--system-map'], ['--symvers'], ['--symbols-klp']])(
      '%s of a file that is not there is refused',
      async (option) => {
        const ran = await klpReach(['index', bare, '--db', newIndex(), option, at('missing')]);
        expect(ran).toMatchObject({ code: 2, out: '' });
        expect(ran.err).toContain('missing');
      },
    );
  });

  describe('text for a livepatch', () => {
    const STUB = `
      #define NULL ((void *)0)
      struct klp_func { const char *old_name; void *new_func; unsigned long old_sympos; };
      struct klp_object { const char *name; struct klp_func *funcs; };`;

    test('--format klp compiles, and names every function once with its position', async () => {
      const ran = await klpReach(['affected', 'fits', '--db', db, '-f', 'klp']);
      expect(ran).toMatchObject({ code: 0, err: '' });
      const names = [...new Set(ran.out.match(/livepatch_\w+/g))];
      const declared = names.map((name) => `int ${name}(void);`).join('\n');
      const source = `${STUB}\n${declared}\n${ran.out}\nstruct klp_object *used(void) { return objs; }\n`;
      const file = join(buildDir({ 'lp.c': source }), 'lp.c');
      execFileSync('gcc', ['-std=gnu11', '-fsyntax-only', '-Wall', '-Werror', file], { stdio: 'pipe' });

      const rows = [...ran.out.matchAll(/old_name = "([^"]+)".*?(?:old_sympos = (\d+))?,? \}/g)];
      const [vmlinux, module] = ran.out.split('static struct klp_func my_driver_funcs');
      expect(vmlinux!.match(/old_name = "show"/g)).toHaveLength(2);
      expect(vmlinux).toContain('.old_sympos = 1,');
      expect(vmlinux).toContain('.old_sympos = 2,');
      expect(module!.match(/old_name = "show"/g)).toHaveLength(1);
      expect(rows.map((row) => row[1]).sort()).toEqual(
        [
          ...['accept', 'default_hook', 'grow', 'plain', 'reject', 'show', 'show'],
          ...['net_util', 'show'],
        ].sort(),
      );
      expect(ran.out).toMatch(/\.name = "my_driver", \.funcs = my_driver_funcs/);
      expect(ran.out).toMatch(/\{ \.funcs = vmlinux_funcs/);
      for (const blocked of ['hook', 'quiet', 'setup']) expect(ran.out).toContain(`not patched: ${blocked} `);
    });

    test('--format patched-funcs is a line a function, and what has no room in it goes to standard error', async () => {
      const ran = await klpReach(['affected', 'fits', '--db', db, '-f', 'patched-funcs']);
      expect(ran.code).toBe(0);
      expect(ran.out.split('\n')).toEqual([
        'vmlinux accept klpp_accept',
        'vmlinux default_hook klpp_default_hook',
        'vmlinux grow klpp_grow',
        'vmlinux plain klpp_plain',
        'vmlinux reject klpp_reject',
        'vmlinux show,1 klpp_show',
        'vmlinux show,2 klpp_show',
        'my_driver net_util klpp_net_util',
        'my_driver show klpp_show',
        '',
      ]);
      for (const blocked of ['hook', 'quiet', 'setup']) expect(ran.err).toContain(`not patched: ${blocked} `);
    });
  });
});
