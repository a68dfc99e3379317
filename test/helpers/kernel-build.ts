import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildDir } from './workplace.js';

const SCRIPT = fileURLToPath(new URL('../../samples/demo/arch/vmlinux.lds', import.meta.url));

/** What matters of a kernel's flags: optimised, traceable, with what klp-reach reads, and no default of a distribution. */
const FLAGS = [
  ...[
    '-std=gnu11',
    '-O2',
    '-g0',
    '-ffreestanding',
    '-fno-pie',
    '-fno-stack-protector',
    '-mgeneral-regs-only',
  ],
  ...['-fcf-protection=none', '-fno-asynchronous-unwind-tables', '-U_FORTIFY_SOURCE', '-I.'],
  ...['-pg', '-mfentry', '-mrecord-mcount', '-fdump-ipa-clones', '-fcallgraph-info'],
];

/**
 * Compiles C sources as a kernel build does: a dump, a call graph and an object beside each.
 *
 * @param vmlinux the sources to link into `vmlinux` (needs `__fentry__` and `_start`)
 * @param modules module -> its sources; each gets the `.mod` list that Kbuild writes
 * @returns the folder
 */
export function buildKernel(
  sources: Readonly<Record<string, string>>,
  vmlinux: readonly string[],
  modules: Readonly<Record<string, readonly string[]>> = {},
): string {
  const directory = buildDir(sources);
  const run = (program: string, args: readonly string[]) =>
    execFileSync(program, args, { cwd: directory, stdio: ['ignore', 'pipe', 'inherit'] });
  const object = (source: string) => source.replace(/\.c$/, '.o');
  for (const source of Object.keys(sources).filter((name) => name.endsWith('.c'))) {
    run('gcc', [...FLAGS, '-c', source, '-o', object(source)]);
    rmSync(join(directory, source));
  }
  // As with CONFIG_MEMORY_HOTPLUG: MEM_KEEP(init.text) of include/asm-generic/vmlinux.lds.h.
  const script = readFileSync(SCRIPT, 'utf8').replace('*(.text ', '*(.text .meminit.text ');
  writeFileSync(join(directory, 'vmlinux.lds'), script);
  run('ld', ['--build-id=none', '-T', 'vmlinux.lds', '-o', 'vmlinux', ...vmlinux.map(object)]);
  for (const [module, parts] of Object.entries(modules)) {
    run('ld', ['-r', '-o', `${module}.ko`, ...parts.map(object)]);
    writeFileSync(join(directory, `${module}.mod`), `${parts.map(object).join('\n')}\n`);
  }
  return directory;
}
