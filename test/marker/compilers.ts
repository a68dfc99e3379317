import { execFileSync } from 'node:child_process';

export interface Compiler {
  readonly command: string;
  /** What makes ftrace sites, as the machine's kernel build does it or as near to it as a plain compile comes. */
  readonly tracing: readonly string[];
}

/** One way to compile. */
export interface Build {
  readonly compiler: Compiler;
  readonly flags: readonly string[];
}

const FENTRY = ['-pg', '-mfentry', '-mrecord-mcount'];
const PATCHABLE = ['-fpatchable-function-entry=2'];

export const NATIVE: readonly Compiler[] = [
  { command: 'gcc-11', tracing: FENTRY },
  { command: 'gcc-12', tracing: FENTRY },
];

export const CROSS: readonly Compiler[] = [
  { command: 'aarch64-linux-gnu-gcc', tracing: PATCHABLE },
  { command: 's390x-linux-gnu-gcc', tracing: [...FENTRY, '-mnop-mcount'] },
  { command: 'powerpc64le-linux-gnu-gcc', tracing: PATCHABLE },
  { command: 'riscv64-linux-gnu-gcc', tracing: PATCHABLE },
  { command: 'arm-linux-gnueabi-gcc', tracing: PATCHABLE },
  { command: 'mips-linux-gnu-gcc', tracing: PATCHABLE },
];

/** Those that are installed; of the native ones, those that make x86_64 code. */
export function installed(compilers: readonly Compiler[]): readonly Compiler[] {
  return compilers.filter(({ command }) => {
    try {
      const machine = execFileSync(command, ['-dumpmachine'], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      return CROSS.some((cross) => cross.command === command) || machine.startsWith('x86_64');
    } catch {
      return false;
    }
  });
}

/** Every optimisation level, with and without sections of their own for functions, with and without code folding. */
export const VARIANTS: readonly (readonly string[])[] = ['-O1', '-O2', '-Os', '-O3'].flatMap((level) =>
  [[], ['-ffunction-sections']].flatMap((sections) =>
    [[], ['-fno-ipa-icf']].map((folding) => [level, ...sections, ...folding]),
  ),
);
