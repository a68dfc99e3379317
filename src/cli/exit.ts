/**
 * How klp-reach ends, in one place:
 *
 * - 0: what was asked was answered;
 * - 1: it was, and the answer is not good ({@link EXIT_FINDINGS});
 * - 2: input, a command line or an output that cannot be used ({@link EXIT_UNUSABLE});
 * - 3: a fault of klp-reach ({@link EXIT_FAULT});
 * - 130: ended by ^C, as a shell tells of any program that SIGINT ends. Only `index` catches it, to take back what it
 *   began; anything else ends at once.
 */
import { CommanderError } from 'commander';
import { InputError } from '../errors.js';
import { reasonOf } from '../input/names.js';

/** Findings; with `--strict`, and in exports always, an answer that is not the whole of what has to be done. */
export const EXIT_FINDINGS = 1;

/** Input, a command line or an output that cannot be used, and a symbol that the index does not have. */
export const EXIT_UNUSABLE = 2;

/** What was thrown is nobody's input: klp-reach is wrong. */
const EXIT_FAULT = 3;

/** The one place where what was thrown becomes an exit code, and is said. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_UNUSABLE;
  if (error instanceof StoppedError) {
    say(error.message);
    return error.exitCode;
  }
  if (error instanceof InputError) {
    say(error.message);
    return EXIT_UNUSABLE;
  }
  if (isRefusal(error)) {
    say(refusalText(error));
    return EXIT_UNUSABLE;
  }
  sayFault(error);
  return EXIT_FAULT;
}

/** A command that a signal ended, and that has cleaned up after itself. */
export class StoppedError extends Error {
  override readonly name = 'StoppedError';

  constructor(
    message: string,
    readonly exitCode: number,
  ) {
    super(message);
  }
}

/** Whatever nobody caught, in a callback too, ends the program as if the command had thrown it. */
export function guardFaults(): void {
  process.on('uncaughtException', (error) => process.exit(exitCodeOf(error)));
}

/**
 * What becomes of output that cannot be written. A reader that has seen enough (`| head`) closes the pipe: that is its
 * right, and no failure of ours. Anything else (a full disk) is said in a line.
 */
export function guardOutputs(): void {
  process.stdout.on('error', (error) => endWith('standard output', error));
  process.stderr.on('error', (error) => endWith('standard error', error));
}

function endWith(what: string, error: NodeJS.ErrnoException): never {
  if (error.code === 'EPIPE') process.exit();
  say(`${what}: ${systemText(error)}`);
  process.exit(EXIT_UNUSABLE);
}

/** `no space left on device` of `ENOSPC: no space left on device, write`. */
function systemText({ message, code }: NodeJS.ErrnoException): string {
  return message.replace(`${code}: `, '').replace(/, \w+$/, '');
}

/** What the system or SQLite refuses (no such file, a full disk) is the user's to mend, not a fault of ours. */
function isRefusal(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && /^(E[A-Z]+|SQLITE_[A-Z_]+)$/.test(String(error.code));
}

/** `FILE: WHAT; WHAT TO DO` of what nobody gave better words to. */
function refusalText(error: NodeJS.ErrnoException): string {
  const { path, code = '' } = error;
  const where = path === undefined ? '' : `${path}: `;
  return `${where}${reasonOf(error)}; ${ADVICE[code] ?? 'mend that, and try again'}`;
}

const ADVICE: Readonly<Record<string, string>> = {
  ENOENT: 'check the path; if it was there before, try again when nothing deletes it',
  EACCES: 'check its permissions',
  EPERM: 'check its permissions',
  EISDIR: 'name a file',
  ENOTDIR: 'check the path',
  ENOSPC: 'make room on the disk',
};

function sayFault(error: unknown): void {
  const text = error instanceof Error ? error.message : String(error);
  say(`fault: ${text.replaceAll(/\s*\n\s*/g, ' ')}; please report it`);
  if (process.env['KLP_REACH_DEBUG'] && error instanceof Error) process.stderr.write(`${error.stack}\n`);
}

function say(text: string): void {
  process.stderr.write(`klp-reach: ${text}\n`);
}
