import { Command, CommanderError } from 'commander';
import { InputError } from '../errors.js';
import { EXIT_UNUSABLE } from './exit.js';
import { VERSION } from './version.js';

const COMMANDS = [
  () => import('./command-index.js'),
  () => import('./command-affected.js'),
  () => import('./command-callers.js'),
  () => import('./command-inlined.js'),
  () => import('./command-diff.js'),
  () => import('./command-info.js'),
  () => import('./command-symbols.js'),
];

/** Runs the command line and sets the process's exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  // A reader that has seen enough (`| head`) closes the pipe: that is its right, and no failure of ours.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      process.exit(process.exitCode ?? 0);
    });
  }
  const program = new Command('klp-reach')
    .description(
      'Tells which functions a change reaches, from the decisions that GCC recorded with -fdump-ipa-clones.',
    )
    .version(VERSION)
    .showHelpAfterError('(klp-reach --help tells the usage)')
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'klp-reach: ')) });
  for (const load of COMMANDS) (await load()).register(program);
  try {
    await program.parseAsync(argv as string[]);
  } catch (error) {
    process.exitCode = exitCodeOf(error);
  }
}

/** The one place where what was thrown becomes an exit code. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_UNUSABLE;
  if (error instanceof InputError) {
    process.stderr.write(`klp-reach: ${error.message}\n`);
    return EXIT_UNUSABLE;
  }
  throw error;
}
