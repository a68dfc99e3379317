import { Command, CommanderError } from 'commander';
import { InputError } from '../errors.js';
import { EXIT_UNUSABLE } from './exit.js';
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
  const asked = COMMANDS.get(argv[2] ?? '');
  for (const load of asked ? [asked] : COMMANDS.values()) (await load()).register(program);
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
  const { code, path, message } = error as NodeJS.ErrnoException;
  // What the system or SQLite refuses (no such file, a full disk) is the user's to mend, not a fault of ours.
  if (code === undefined || !/^(E[A-Z]+|SQLITE_[A-Z_]+)$/.test(code)) throw error;
  process.stderr.write(`klp-reach: ${path === undefined ? '' : `${path}: `}${message}\n`);
  return EXIT_UNUSABLE;
}
