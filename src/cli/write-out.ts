/** Small pieces are joined until they are this long: a write is a system call. */
const WRITE_SIZE = 1 << 16;

/**
 * Writes an answer to standard output, piece by piece, no faster than its reader takes it. What the system refuses (a
 * full disk, a reader that is gone) ends the program: see `guardOutputs` in exit.ts.
 */
export async function writeOut(chunks: Iterable<string>): Promise<void> {
  let waiting = '';
  for (const chunk of typeof chunks === 'string' ? [chunks] : chunks) {
    waiting += chunk;
    if (waiting.length < WRITE_SIZE) continue;
    await write(waiting);
    waiting = '';
  }
  if (waiting !== '') await write(waiting);
}

function write(text: string): Promise<void> {
  return new Promise((written) => {
    process.stdout.write(text, (error) => {
      // A write that failed is never done: the guard of standard output says so and ends the program.
      if (!error) written();
    });
  });
}
