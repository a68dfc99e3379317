import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { Readable, type Writable } from 'node:stream';
import { InputError } from '../errors.js';

/** A program that reads what no library here does, and what to say where it is not installed. */
export interface Filter {
  readonly program: string;
  readonly args: readonly string[];
  /** What the input is: `is compressed by bzip2`. */
  readonly what: string;
  readonly advice: string;
}

/** What a program is given: undefined for one that opens its file itself. */
type Input = Iterable<Uint8Array> | AsyncIterable<Uint8Array> | undefined;

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/**
 * What a program makes of bytes, piece by piece.
 *
 * @throws InputError if it is not installed, or fails
 */
export async function* filtered(filter: Filter, input: Input, where: string): AsyncGenerator<Uint8Array> {
  const child = spawn(filter.program, filter.args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const failed = failureOf(child);
  const feeding = feed(child, input);
  let isDone = false;
  try {
    for await (const chunk of child.stdout) yield chunk as Buffer;
    isDone = true;
  } finally {
    if (!isDone) child.kill('SIGKILL');
  }
  const [failure, unread] = await Promise.all([failed, feeding]);
  if (unread !== undefined) throw unread;
  if (failure === 'not installed') {
    throw new InputError(
      where,
      `${filter.what}, which ${filter.program} reads, and that is not installed`,
      filter.advice,
    );
  }
  if (failure !== undefined)
    throw new InputError(where, `is damaged or cut off: ${filter.program} says "${failure}"`);
}

/** Why it ended otherwise than well, when it has. */
function failureOf(child: Child): Promise<string | undefined> {
  let said = '';
  child.stderr.on('data', (text: Buffer) => {
    if (said.length < 1000) said += text.toString();
  });
  return new Promise((resolve) => {
    child.on('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code === 'ENOENT' ? 'not installed' : error.message);
    });
    child.on('close', (code) => {
      const first = said.trim().split('\n')[0] ?? '';
      resolve(code === 0 ? undefined : first || `ends with ${code}`);
    });
  });
}

/** Gives the program its input, no faster than it reads; what of it cannot be read comes back. */
async function feed(child: Child, input: Input): Promise<InputError | undefined> {
  const ended = new Promise<void>((resolve) => {
    // A program that has seen enough closes its input.
    child.stdin.on('error', () => resolve());
    child.stdin.on('close', () => resolve());
  });
  if (!input) {
    child.stdin.end();
    return undefined;
  }
  let unread: InputError | undefined;
  const bytes = Readable.from(
    readable(input, (error) => {
      unread = error;
    }),
    { objectMode: false },
  );
  bytes.pipe(child.stdin);
  await ended;
  bytes.destroy();
  return unread;
}

async function* readable(
  input: NonNullable<Input>,
  onError: (error: InputError) => void,
): AsyncGenerator<Uint8Array> {
  try {
    yield* input;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    onError(error);
  }
}
