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

interface Member {
  readonly name: string;
  readonly class: string;
  readonly stuck: string | null;
  readonly aliases: readonly string[];
  readonly places: readonly { readonly sympos: number; readonly position: number }[];
}
interface Answer {
  readonly file: string;
  readonly complete: boolean;
  readonly units: readonly {
    readonly source: string;
    readonly objects: readonly string[];
    readonly calls: string;
    readonly verdict: string;
    readonly unknowns: readonly { readonly function: string; readonly code: string }[];
    readonly members: readonly Member[];
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
  const members = (source: string) => units.find((unit) => unit.source === source)?.members ?? [];
  return {
    code: ran.code,
    answers,
    units,
    unknowns: units.flatMap((unit) => unit.unknowns),
    objects: Object.fromEntries(units.map(({ source, objects }) => [source, objects])),
    verdicts: Object.fromEntries(units.map(({ source, verdict }) => [source, verdict])),
    /** `class name` of the functions of one unit. */
    of: (source: string) =>
      members(source)
        .map((member) => `${member.class} ${member.name}`)
        .sort(),
    one: (source: string, name: string) => members(source).find((member) => member.name === name),
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
        'patch loud',
        'blocked quiet',
        'discarded hook',
        'init setup',
      ].sort(),
    );
    expect(answer.one('kernel/core.c', 'verify.isra.0')!.stuck).toBe('clone');
    expect(answer.one('kernel/core.c', 'quiet')!.stuck).toBe('no-site');
    expect(answer.of('drivers/core.c')).toEqual(['gone fits', 'patch show']);
    expect(answer.of('net/my-net.c')).toEqual(['gone fits', 'patch show']);
    expect(answer.of('net/util.c')).toEqual(['gone fits', 'patch net_util']);
    expect(new Set(Object.values(answer.verdicts))).toEqual(new Set(['patch']));
    expect(answer.unknowns).toEqual([]);
    expect(answer.code).toBe(0);
  });

  test('each unit’s object and each symbol’s position are those of the linked objects', async () => {
    const { objects, one } = await affected(db, 'fits');
    expect(objects).toEqual({
      'kernel/core.c': ['vmlinux'],
      'drivers/core.c': ['vmlinux'],
      'net/my-net.c': ['my_driver'],
      'net/util.c': ['my_driver'],
    });
    const nm = execFileSync('nm', ['-n', join(build, 'vmlinux')], { encoding: 'latin1' });
    expect(nm.match(/ t show$/gm)).toHaveLength(2);
    // Linked in this order.
    expect(one('kernel/core.c', 'show')!.places).toMatchObject([{ position: 1, sympos: 1 }]);
    expect(one('drivers/core.c', 'show')!.places).toMatchObject([{ position: 2, sympos: 2 }]);
    expect(one('net/my-net.c', 'show')!.places).toMatchObject([{ position: 1, sympos: 0 }]);
  });

  test('of a weak and a strong definition each is asked for by its file', async () => {
    const strong = await affected(db, 'hook@drivers/core.c');
    expect(strong.of('drivers/core.c')).toEqual(['patch hook']);
    const weak = await affected(db, 'hook@kernel/core.c');
    expect(weak.of('kernel/core.c')).toEqual(['discarded hook']);
    expect(weak.verdicts).toEqual({ 'kernel/core.c': 'discarded' });
  });

  test('names of one code are reported together', async () => {
    expect((await affected(db, 'fits')).one('kernel/core.c', 'plain')!.aliases).toEqual(['twin']);
    expect((await affected(db, 'second')).one('lib/folded.c', 'second')).toMatchObject({
      class: 'patch',
      aliases: ['first'],
    });
    const text = await klpReach(['affected', 'second', '--db', db]);
    expect(text.out).toMatch(/second .*also first/);
  });

  test('callers: who calls it, and whether that is replaced', async () => {
    const callers = async (symbol: string) => {
      const ran = await klpReach(['callers', symbol, '--db', db, '-f', 'csv']);
      expect(ran).toMatchObject({ code: 0, err: '' });
      return readCsv(ran.out)
        .map((row) => `${row['class']} ${row['function']} ${row['calls']} ${row['in_patch_set']}`.trim())
        .sort();
    };
    expect(await callers('verify.isra.0')).toEqual(['patch accept 1 1', 'patch reject 1 1']);
    expect(await callers('quiet')).toEqual(['patch loud 1 1']);
    expect(await callers('plain')).toEqual(['patch loud 1 0']);
    expect(await callers('accept')).toEqual(['blocked _start 1 0']);
    expect(await callers('hook@drivers/core.c')).toEqual(['blocked _start 1 0']);
    expect(await callers('show@net/my-net.c')).toEqual(['patch net_show 1 0']);
    expect(await callers('loud')).toEqual(['']);
    const json = await klpReach(['callers', 'verify', '--db', db, '-f', 'json']);
    const [unit] = JSON.parse(json.out).answers[0].units;
    expect(unit.callers).toEqual([]);
    expect(unit.toPatch.map(({ name }: { name: string }) => name)).toEqual(['accept', 'reject']);
  });

  describe('without the call graph of a unit', () => {
    test('who calls the clone is an open question, which --strict fails', async () => {
      const { db: lost } = await indexed(without(build, 'kernel/core.ci'));
      const answer = await affected(lost, 'fits', '--strict');
      expect(answer.code).toBe(1);
      expect(answer.of('kernel/core.c')).not.toContain('patch accept');
      expect(answer.unknowns).toMatchObject([
        { function: 'quiet', code: 'open-end', open: { reason: 'callers-unknown' } },
        { function: 'verify.isra.0', code: 'open-end', open: { reason: 'callers-unknown' } },
        { function: '', code: 'calls-missing', file: 'kernel/core.ci' },
      ]);
      // Its call of quiet crosses sections, so that the object alone tells of it.
      expect(answer.of('kernel/core.c')).toContain('patch loud');
      expect((await affected(lost, 'fits')).code).toBe(0);
      expect((await klpReach(['affected', 'fits', '--db', lost])).out).toMatch(
        /verify\.isra\.0[\s\S]*callers are not known[\s\S]*incomplete/,
      );
      const klp = await klpReach(['affected', 'fits', '--db', lost, '-f', 'klp']);
      expect(klp.code).toBe(1);
      expect(klp.out).toMatch(/keeps the old code: verify\.isra\.0[\s\S]*incomplete: verify\.isra\.0/);
      const rows = readCsv((await klpReach(['affected', 'fits', '--db', lost, '-f', 'csv'])).out);
      for (const row of rows) {
        const known = row['unit'] !== 'kernel/core.c.000i.ipa-clones';
        expect(row).toMatchObject(
          known ? { complete: '1', unknowns: '' } : { complete: '0', unknowns: 'open-end calls-missing' },
        );
      }
    });

    test('the machine code answers it', async () => {
      const { db: read } = await indexed(without(build, 'kernel/core.ci'), '--calls', 'objdump');
      const answer = await affected(read, 'fits', '--strict');
      expect(answer.code).toBe(0);
      expect(answer.units.find(({ source }) => source === 'kernel/core.c')!.calls).toBe('objdump');
      expect(answer.of('kernel/core.c')).toEqual((await affected(db, 'fits')).of('kernel/core.c'));
    });

    test('nor an objdump that cannot be run, which is refused', async () => {
      const options = ['--calls', 'objdump', '--objdump', 'no-such-objdump'];
      const ran = await klpReach(['index', without(build, 'kernel/core.ci'), '--db', newIndex(), ...options]);
      expect(ran).toMatchObject({ code: 2, err: expect.stringContaining('no-such-objdump') });
    });

    test('nor asked for, the same is said', async () => {
      const { db: unread } = await indexed(build, '--calls', 'none');
      const answer = await affected(unread, 'fits', '--strict');
      expect(answer.code).toBe(1);
      expect(new Set(answer.unknowns.map(({ code }) => code))).toEqual(new Set(['open-end']));
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
      expect(answer.objects).toMatchObject({ 'drivers/core.c': ['vmlinux'], 'kernel/core.c': ['vmlinux'] });
      expect(answer.of('net/util.c')).toEqual(['gone fits', 'patch net_util']);
      // The module's list of its objects is there, so that its name is known.
      expect(answer.objects).toMatchObject({ 'net/my-net.c': ['my_driver'], 'net/util.c': ['my_driver'] });
      expect(answer.unknowns).toEqual(
        ['net/my-net.c show', 'net/util.c net_util'].map((text) => {
          const [source, name] = text.split(' ');
          const unit = `${source}.000i.ipa-clones`;
          return { unit, function: name, code: 'position-unknown', object: 'my_driver' };
        }),
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
      const { db: none } = await indexed(without(bare, 'net/my-driver.mod'));
      const answer = await affected(none, 'fits');
      expect(Object.values(answer.objects)).toEqual([[], [], [], []]);
      expect(answer.one('kernel/core.c', 'show')).toMatchObject({ class: 'patch', places: [] });
      // Without a vmlinux, who calls the stuck `util` from assembly is not known either.
      const codes = new Set(answer.unknowns.map(({ code }) => code));
      expect(codes).toEqual(new Set(['object-unknown', 'open-end']));
      const klp = await klpReach(['affected', 'fits', '--db', none, '-f', 'klp']);
      expect(klp.code).toBe(1);
      expect(klp.out).toContain('position unknown');
      expect(klp.out).toContain('#error "the object of unknown_object_funcs is not known"');
      const list = await klpReach(['affected', 'fits', '--db', none, '-f', 'patched-funcs']);
      expect(list.code).toBe(1);
      expect(list.out).toMatch(/^\? plain klpp_plain$/m);
      expect(list.err).toMatch(/incomplete: plain \(kernel\/core\.c\)/);
    });

    test('System.map tells what is in vmlinux, and not which of two equals is whose', async () => {
      const { db: map } = await indexed(bare, '--system-map', at('System.map'));
      const answer = await affected(map, 'fits', '--strict');
      expect(answer.objects).toMatchObject({ 'kernel/core.c': ['vmlinux'] });
      expect(answer.one('kernel/core.c', 'plain')).toMatchObject({ class: 'patch', places: [{ sympos: 0 }] });
      expect(answer.one('kernel/core.c', 'show')!.places).toEqual([]);
      expect(answer.unknowns).toContainEqual(
        expect.objectContaining({ function: 'show', code: 'position-unknown', object: 'vmlinux' }),
      );
      expect(answer.code).toBe(1);
    });

    test('symbols.klp tells of modules too', async () => {
      const { db: klp } = await indexed(bare, '--symbols-klp', at('names.klp'));
      const answer = await affected(klp, 'fits', '--strict');
      expect(answer.objects).toMatchObject({ 'kernel/core.c': ['vmlinux'], 'net/util.c': ['my_driver'] });
      expect(answer.one('net/my-net.c', 'show')!.places).toMatchObject([{ object: 'my_driver', sympos: 0 }]);
      expect(answer.one('kernel/core.c', 'show')!.places).toEqual([]);
      expect(answer.code).toBe(1);
    });

    test('Module.symvers alone tells of exports, and of no object', async () => {
      const { db: exports } = await indexed(
        without(bare, 'net/my-driver.mod'),
        '--symvers',
        at('exports.symvers'),
      );
      const answer = await affected(exports, 'fits');
      expect(Object.values(answer.objects)).toEqual([[], [], [], []]);
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
      const names = ran.out.match(/klpp_\w+/g)!;
      expect(new Set(names).size).toBe(names.length);
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
          ...['accept', 'default_hook', 'grow', 'loud', 'plain', 'reject', 'show', 'show'],
          ...['net_util', 'show'],
        ].sort(),
      );
      expect(ran.out).toMatch(/\.name = "my_driver", \.funcs = my_driver_funcs/);
      expect(ran.out).toMatch(/\{ \.funcs = vmlinux_funcs/);
      expect(ran.out).toMatch(/^\/\* klp-reach \S+, build "default" \(identity \w+\) \*\//);
    });

    test('--format patched-funcs is a line a function, and what has no room in it goes to standard error', async () => {
      const ran = await klpReach(['affected', 'fits', '--db', db, '-f', 'patched-funcs']);
      expect(ran).toMatchObject({
        code: 0,
        err: expect.stringMatching(
          /^klp-reach: klp-reach \S+, build "default" \(identity \w+\)\nklp-reach: plain: also twin: other names of the same code, which cannot be replaced alone\n$/,
        ),
      });
      expect(ran.out.split('\n')).toEqual([
        'vmlinux accept klpp_accept',
        'vmlinux default_hook klpp_default_hook',
        'vmlinux grow klpp_grow',
        'vmlinux loud klpp_loud',
        'vmlinux plain klpp_plain',
        'vmlinux reject klpp_reject',
        'vmlinux show,1 klpp_show',
        'vmlinux show,2 klpp_show_2',
        'my_driver net_util klpp_net_util',
        'my_driver show klpp_show_3',
        '',
      ]);
    });

    test.each(['klp', 'patched-funcs'])(
      '%s: what an author asked for is covered by what is written',
      async (format) => {
        const written = await klpReach(['affected', 'fits', '--db', db, '-f', format]);
        const directory = buildDir({ 'lp.c': written.out, 'lp.csv': written.out });
        const file = join(directory, format === 'klp' ? 'lp.c' : 'lp.csv');
        const audited = await klpReach([
          'audit',
          '--changed',
          'fits',
          '--livepatch',
          file,
          '--db',
          db,
          '-f',
          'json',
        ]);
        expect(JSON.parse(audited.out).counts, audited.out).toMatchObject({ error: 0 });
      },
    );

    test.each([
      ['setup', /ran at init|init/],
      ['hook@kernel/core.c', /weak definition/],
      ['_start', /nothing calls/],
    ])('nothing is written for %s, and it is said why', async (symbol, why) => {
      for (const format of ['klp', 'patched-funcs']) {
        const ran = await klpReach(['affected', symbol, '--db', db, '-f', format]);
        expect(ran).toMatchObject({ code: 1, out: '' });
        expect(ran.err).toMatch(why);
      }
    });

    test('several functions of one name are refused, unless each is asked for', async () => {
      const refused = await klpReach(['affected', 'show', '--db', db, '-f', 'klp']);
      expect(refused).toMatchObject({ code: 2, out: '' });
      expect(refused.err).toMatch(/show is 3 functions: show@drivers\/core\.c, .*--each/);
      const ran = await klpReach(['affected', 'show', '--each', '--db', db, '-f', 'patched-funcs']);
      expect(ran.code).toBe(0);
      expect(ran.out.split('\n')).toEqual([
        'vmlinux show,2 klpp_show',
        'vmlinux show,1 klpp_show_2',
        'my_driver show klpp_show_3',
        '',
      ]);
    });
  });
});
