import { Command } from 'commander';
import { exitCodeOf, guardFaults, guardOutputs } from './exit.js';
import { VERSION } from './version.js';

interface CommandModule {
  register(program: Command): void;
}

/** Loaded by name: a question loads no more than what answers it. */
const COMMANDS: ReadonlyMap<string, () => Promise<CommandModule>> = new Map(
  Object.entries({
    index: () => import('./command-index.js'),
    affected: () => import('./command-affected.js'),
    callers: () => import('./command-callers.js'),
    inlined: () => import('./command-inlined.js'),
    audit: () => import('./command-audit.js'),
    check: () => import('./command-check.js'),
    diff: () => import('./command-diff.js'),
    symbols: () => import('./command-symbols.js'),
    info: () => import('./command-info.js'),
  }),
);

/** Runs the command line and sets the process's exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  guardFaults();
  guardOutputs();
  try {
    await (await programFor(argv)).parseAsync(argv as string[]);
  } catch (error) {
    process.exitCode = exitCodeOf(error);
  }
}

async function programFor(argv: readonly string[]): Promise<Command> {
  const program = new Command('klp-reach')
    .description(
      'Tells which functions a change reaches, from the decisions that GCC recorded with -fdump-ipa-clones.',
    )
    .version(VERSION)
    .showHelpAfterError('(klp-reach --help tells the usage)')
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'klp-reach: ')) });
  const asked = COMMANDS.get(argv[2] ?? '');
  for (const load of asked ? [asked] : COMMANDS.values()) (await load()).register(program);
  return program;
}
