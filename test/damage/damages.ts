import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { buildDir } from '../helpers/workplace.js';

const DEMO = fileURLToPath(new URL('../../samples/demo', import.meta.url));

/** Something that happens to a copy of samples/demo/build, and what an answer that it changes has to name. */
export interface Damage {
  readonly what: string;
  /** A part of the paths of the files that do not fit any more: each is the damaged one, or what it no longer fits. */
  readonly names: string | readonly string[];
  readonly make: (build: string) => void;
  /** Functions whose answers are too small, which nothing that is left of the build tells. */
  readonly untold?: readonly string[];
}

const SOURCES = ['core/checksum', 'core/index', 'core/ring', 'core/state', 'fs/file', 'init/main'];

/** As samples/build.sh has them. */
const FLAGS = [
  ...['-std=gnu11', '-O2', '-g0', '-ffreestanding', '-fno-pie', '-fno-stack-protector'],
  ...['-fno-stack-clash-protection', '-fcf-protection=none', '-fno-asynchronous-unwind-tables'],
  ...['-fno-strict-aliasing', '-U_FORTIFY_SOURCE', '-mgeneral-regs-only', '-mno-red-zone'],
  ...['-pg', '-mfentry', '-mrecord-mcount', '-fdump-ipa-clones', '-fcallgraph-info', '-I./include', '-w'],
];

const dumpOf = (stem: string) => `${stem}.c.000i.ipa-clones`;
const remove = (name: string) => (build: string) => rmSync(join(build, name));

/** The three files of a unit as other flags make them, by ending. */
function compiled(stem: string, more: readonly string[]): (ending: '.dump' | '.o' | '.ci') => string {
  const out = buildDir();
  const base = basename(stem);
  execFileSync('gcc', [...FLAGS, ...more, '-c', '-o', join(out, `${base}.o`), `${stem}.c`], { cwd: DEMO });
  return (ending) => join(out, ending === '.dump' ? dumpOf(base) : `${base}${ending}`);
}

function replaced(stem: string, endings: readonly ('.dump' | '.o' | '.ci')[], more: readonly string[]) {
  return (build: string) => {
    const made = compiled(stem, more);
    for (const ending of endings) {
      const name = ending === '.dump' ? dumpOf(stem) : `${stem}${ending}`;
      copyFileSync(made(ending), join(build, name));
    }
  };
}

function copied(from: string, to: string) {
  return (build: string) => copyFileSync(join(build, from), join(build, to));
}

function swapped(one: string, two: string) {
  return (build: string) => {
    renameSync(join(build, one), join(build, 'swap'));
    renameSync(join(build, two), join(build, one));
    renameSync(join(build, 'swap'), join(build, two));
  };
}

function stripped(...options: string[]) {
  const file = options.pop()!;
  return (build: string) => execFileSync('strip', [...options, join(build, file)]);
}

function patched(file: string, at: number, bytes: readonly number[]) {
  return (build: string) => {
    const contents = readFileSync(join(build, file));
    contents.set(bytes, at);
    writeFileSync(join(build, file), contents);
  };
}

function linked(build: string, objects: readonly string[], out: string): void {
  const files = ['arch/entry', ...objects].map((stem) => join(build, `${stem}.o`));
  const options = ['-nostdlib', '-static', '-no-pie', '-Wl,--build-id=none', '-Wl,--emit-relocs'];
  const script = `-Wl,-T,${join(DEMO, 'arch/vmlinux.lds')}`;
  execFileSync('gcc', [...options, '-Wl,--unresolved-symbols=ignore-all', script, '-o', out, ...files]);
}

/** fs/file.c as a module beside a vmlinux of the rest, as Kbuild leaves them. */
export function withModule(build: string): void {
  linked(
    build,
    SOURCES.filter((stem) => stem !== 'fs/file'),
    join(build, 'vmlinux'),
  );
  moduleOf(build, 'fs/ringfs');
  writeFileSync(join(build, 'modules.order'), 'fs/ringfs.ko\n');
}

function moduleOf(build: string, name: string): void {
  execFileSync('ld', ['-r', '-o', join(build, `${name}.ko`), join(build, 'fs/file.o')]);
  writeFileSync(join(build, `${name}.mod`), 'fs/file.o\n');
}

/**
 * What a dump without its last lines no longer says, and nothing else either: copies of functions that call nothing (a
 * fold is one), and system calls, whose three functions stand at one place of the source.
 */
const SYSTEM_CALLS = [
  '__do_sys_ringlog_read',
  '__do_sys_ringlog_write',
  '__se_sys_ringlog_read',
  '__se_sys_ringlog_write',
];
const UNTOLD: Readonly<Record<string, readonly string[]>> = {
  'core/state 0': ['percent_used', 'ring_space_left'],
  'core/state 1': ['ring_space_left'],
  'core/state 2': ['ring_space_left'],
  'fs/file 0': [...SYSTEM_CALLS, 'put_flag', 'record_fits'],
  'fs/file 1': [...SYSTEM_CALLS, 'put_flag', 'record_fits'],
  'fs/file 2': [...SYSTEM_CALLS, 'record_fits'],
  'fs/file 3': [...SYSTEM_CALLS, 'record_fits'],
};

/** Lines of the dump that stay. */
function cut(stem: string, lines: number): Damage {
  const make = (build: string) => {
    const file = join(build, dumpOf(stem));
    const text = readFileSync(file, 'latin1');
    truncateSync(file, text.split('\n').slice(0, lines).join('\n').length + (lines === 0 ? 0 : 1));
  };
  const what = `the dump of ${stem}.c ends after line ${lines}`;
  return { what, names: stem, make, untold: UNTOLD[`${stem} ${lines}`] ?? [] };
}

const linesOf = (stem: string) =>
  readFileSync(join(DEMO, 'build', dumpOf(stem)), 'latin1').split('\n').length - 1;

export const DAMAGES: readonly Damage[] = [
  ...SOURCES.flatMap((stem): Damage[] => [
    { what: `no dump of ${stem}.c`, names: stem, make: remove(dumpOf(stem)) },
    { what: `no object of ${stem}.c`, names: stem, make: remove(`${stem}.o`) },
    { what: `no call graph of ${stem}.c`, names: stem, make: remove(`${stem}.ci`) },
    {
      what: `nothing of ${stem}.c but its code in vmlinux`,
      names: ['vmlinux', stem],
      make: (build) => {
        for (const name of [dumpOf(stem), `${stem}.o`, `${stem}.ci`]) rmSync(join(build, name));
      },
    },
    ...Array.from({ length: linesOf(stem) }, (_, lines) => cut(stem, lines)),
    {
      what: `the dump of ${stem}.c without optimisation`,
      names: stem,
      make: replaced(stem, ['.dump'], ['-O0']),
      untold: UNTOLD[`${stem} 0`] ?? [],
    },
    {
      what: `the dump of ${stem}.c without inlining`,
      names: stem,
      make: replaced(stem, ['.dump'], ['-fno-inline']),
      untold: stem === 'core/state' ? UNTOLD['core/state 0']! : [],
    },
    {
      what: `the object of ${stem}.c without inlining`,
      names: stem,
      make: replaced(stem, ['.o'], ['-fno-inline']),
    },
    { what: `the object of ${stem}.c at -O1`, names: stem, make: replaced(stem, ['.o'], ['-O1']) },
    {
      what: `the call graph of ${stem}.c without inlining`,
      names: stem,
      make: replaced(stem, ['.ci'], ['-fno-inline']),
    },
    {
      what: `all files of ${stem}.c at -O1`,
      names: [stem, 'vmlinux'],
      make: replaced(stem, ['.dump', '.o', '.ci'], ['-O1']),
    },
    { what: `a 32-bit object of ${stem}.c`, names: stem, make: replaced(stem, ['.o'], ['-m32']) },
    {
      what: `an object of ${stem}.c that says to be 32-bit`,
      names: stem,
      make: patched(`${stem}.o`, 4, [1]),
    },
    {
      what: `an object of ${stem}.c for another machine`,
      names: stem,
      make: patched(`${stem}.o`, 18, [22, 0]),
    },
    { what: `a stripped object of ${stem}.c`, names: stem, make: stripped(`${stem}.o`) },
    {
      what: `an object of ${stem}.c without statics`,
      names: stem,
      make: stripped('--discard-all', `${stem}.o`),
    },
    {
      what: `a slim LTO object of ${stem}.c`,
      names: stem,
      make: replaced(stem, ['.o'], ['-flto', '-fno-fat-lto-objects']),
    },
  ]),
  ...['core/ring', 'fs/file', 'core/checksum'].flatMap((stem): Damage[] => [
    {
      what: `the dump of state.c for ${stem}.c`,
      names: stem,
      make: copied(dumpOf('core/state'), dumpOf(stem)),
    },
    {
      what: `the object of state.c for ${stem}.c`,
      names: [stem, 'core/state'],
      make: copied('core/state.o', `${stem}.o`),
    },
    {
      what: `the call graph of state.c for ${stem}.c`,
      names: stem,
      make: copied('core/state.ci', `${stem}.ci`),
    },
    {
      what: `the dumps of ${stem}.c and index.c swapped`,
      names: [stem, 'core/index'],
      make: swapped(dumpOf(stem), dumpOf('core/index')),
    },
    {
      what: `the dumps of ${stem}.c and state.c swapped`,
      names: [stem, 'core/state'],
      make: swapped(dumpOf(stem), dumpOf('core/state')),
    },
    {
      what: `the objects of ${stem}.c and index.c swapped`,
      names: [stem, 'core/index'],
      make: swapped(`${stem}.o`, 'core/index.o'),
    },
  ]),
  ...SOURCES.flatMap((stem) => lostEdges(stem)),
  { what: 'no vmlinux', names: ['vmlinux', 'object-unknown'], make: remove('vmlinux') },
  { what: 'a stripped vmlinux', names: 'vmlinux', make: stripped('vmlinux') },
  {
    what: 'an object in the place of vmlinux',
    names: 'vmlinux',
    make: (build) => copyFileSync(join(build, 'core/ring.o'), join(build, 'vmlinux')),
  },
  {
    what: 'a vmlinux without the symbols of its ftrace sites',
    names: 'vmlinux',
    make: (build) => {
      const symbols = ['-N', '__start_mcount_loc', '-N', '__stop_mcount_loc'];
      execFileSync('objcopy', [...symbols, join(build, 'vmlinux')]);
    },
  },
  { what: 'an empty vmlinux', names: 'vmlinux', make: (build) => truncateSync(join(build, 'vmlinux')) },
  {
    what: 'a vmlinux of another build',
    names: 'vmlinux',
    make: (build) => {
      const other = buildDir();
      for (const stem of ['arch/entry', ...SOURCES]) {
        mkdirSync(join(other, stem, '..'), { recursive: true });
        if (stem === 'arch/entry') copyFileSync(join(build, `${stem}.o`), join(other, `${stem}.o`));
        else copyFileSync(compiled(stem, ['-O1'])('.o'), join(other, `${stem}.o`));
      }
      linked(other, SOURCES, join(build, 'vmlinux'));
    },
  },
  {
    what: 'units of two builds',
    names: ['core/', 'vmlinux'],
    make: (build) => {
      for (const stem of ['core/ring', 'core/state']) replaced(stem, ['.dump', '.o', '.ci'], ['-Os'])(build);
    },
  },
  {
    what: 'a broken link for a dump',
    names: 'core/ring',
    make: (build) => {
      rmSync(join(build, dumpOf('core/ring')));
      symlinkSync('/nowhere', join(build, dumpOf('core/ring')));
    },
  },
  {
    what: 'a pipe for a dump',
    names: 'core/ring',
    make: (build) => {
      rmSync(join(build, dumpOf('core/ring')));
      execFileSync('mkfifo', [join(build, dumpOf('core/ring'))]);
    },
  },
  {
    what: 'a dump with invalid UTF-8 in its name',
    names: 'core/',
    make: (build) => {
      const wrong = Buffer.concat([
        Buffer.from(join(build, 'core/ring')),
        Buffer.from([0xff]),
        Buffer.from('.c.000i.ipa-clones'),
      ]);
      renameSync(join(build, dumpOf('core/ring')), wrong as unknown as string);
    },
  },
  {
    what: 'the same dump by two paths',
    names: 'core/ring',
    make: (build) => symlinkSync('core', join(build, 'again')),
  },
  {
    what: 'the same unit at two places',
    names: 'core/ring',
    make: (build) => {
      mkdirSync(join(build, 'copy/core'), { recursive: true });
      for (const name of [dumpOf('core/ring'), 'core/ring.o', 'core/ring.ci'])
        copied(name, join('copy', name))(build);
    },
  },
  ...(['gz', 'xz', 'zst'] as const).map(
    (ending): Damage => ({
      what: `a dump compressed as .${ending}`,
      names: 'core/ring',
      make: (build) => {
        const file = join(build, dumpOf('core/ring'));
        const packed =
          ending === 'gz'
            ? gzipSync(readFileSync(file))
            : execFileSync(ending === 'xz' ? 'xz' : 'zstd', ['-c', '-q', file]);
        writeFileSync(`${file}.${ending}`, packed);
        rmSync(file);
      },
    }),
  ),
  {
    what: 'a folder that cannot be read',
    names: 'core',
    make: (build) => chmodSync(join(build, 'core'), 0),
  },
];

/** To a build with a module. */
export const MODULE_DAMAGES: readonly Damage[] = [
  { what: 'no module', names: 'ringfs', make: remove('fs/ringfs.ko') },
  {
    what: 'no module, and no list of what it is linked from',
    names: 'ringfs',
    make: (build) => {
      remove('fs/ringfs.ko')(build);
      remove('fs/ringfs.mod')(build);
    },
  },
  { what: 'a stripped module', names: 'ringfs', make: stripped('fs/ringfs.ko') },
  { what: 'an empty module', names: 'ringfs', make: (build) => truncateSync(join(build, 'fs/ringfs.ko')) },
];

/** What a kernel's tree has besides: partial links of several objects and of one, an archive, a host program. */
export function withComposites(build: string): void {
  const partial = (out: string, stems: readonly string[]) =>
    execFileSync('ld', ['-r', '-o', join(build, out), ...stems.map((stem) => join(build, `${stem}.o`))]);
  partial('core/core.o', ['core/ring', 'core/state']);
  partial('fs/ringfs.o', ['fs/file']);
  partial('vmlinux.o', SOURCES);
  execFileSync('ar', ['rcsT', join(build, 'core/built-in.a'), join(build, 'core/ring.o')]);
  const program = join(buildDir(), 'conf.c');
  writeFileSync(
    program,
    'static int twice(int x) { return 2 * x; } int main(int c, char **v) { return v ? twice(c) : 0; }',
  );
  mkdirSync(join(build, 'scripts'));
  execFileSync('gcc', ['-O2', '-c', '-o', join(build, 'scripts/conf.o'), program]);
}

/** An object that two modules have. */
export function inTwoModules(build: string): void {
  withModule(build);
  moduleOf(build, 'fs/otherfs');
}

function lostEdges(stem: string): Damage[] {
  const lines = readFileSync(join(DEMO, 'build', `${stem}.ci`), 'latin1').split('\n');
  return lines.flatMap((line, at) =>
    line.startsWith('edge:')
      ? [
          {
            what: `the call graph of ${stem}.c without its line ${at + 1}`,
            names: stem,
            make: (build: string) =>
              writeFileSync(join(build, `${stem}.ci`), lines.filter((_, i) => i !== at).join('\n')),
          },
        ]
      : [],
  );
}
