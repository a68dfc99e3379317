import { spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import { writeOut } from './write-out.js';

/** What a shell says when it cannot run what it was told to. */
const NOT_RUN: ReadonlySet<number> = new Set([126, 127]);

/**
 * The command that shows long answers, as git chooses it: `$KLP_REACH_PAGER`, `$PAGER`, `less`. None where standard
 * output is no terminal, or where the choice is empty or `cat`.
 */
export function pagerCommand(): string | undefined {
  const { KLP_REACH_PAGER, PAGER, TERM } = process.env as Record<string, string | undefined>;
  if (!process.stdout.isTTY || TERM === 'dumb') return undefined;
  const command = KLP_REACH_PAGER ?? PAGER ?? 'less';
  return command.trim() === '' || command.trim() === 'cat' ? undefined : command;
}

/**
 * Writes a text through the pager, or to standard output where there is none or it cannot be run.
 *
 * @param text is read again for standard output
 */
export async function page(text: () => Iterable<string>, command: string | undefined): Promise<void> {
  if (command === undefined || !(await showIn(command, text()))) await writeOut(text());
}

/** Whether the pager could be run. */
async function showIn(command: string, text: Iterable<string>): Promise<boolean> {
  const { LESS = 'FRX', LV = '-c' } = process.env as Record<string, string | undefined>;
  const pager = spawn(command, {
    shell: true,
    stdio: ['pipe', 'inherit', 'inherit'],
    env: { ...process.env, LESS, LV },
  });
  // ^C is the pager's while it is there: it must not leave the terminal to both.
  const ignore = () => {};
  process.on('SIGINT', ignore);
  const ended = new Promise<boolean>((settle) => {
    pager.on('error', () => settle(false));
    pager.on('close', (code) => settle(code === null || !NOT_RUN.has(code)));
  });
  await feed(pager.stdin!, text);
  const shown = await ended;
  process.off('SIGINT', ignore);
  return shown;
}

/** Feeds a pager no faster than it reads; one that is closed has seen enough. */
async function feed(stdin: Writable, text: Iterable<string>): Promise<void> {
  let wake = () => {};
  for (const event of ['drain', 'close', 'error']) stdin.on(event, () => wake());
  for (const chunk of text) {
    if (stdin.destroyed) return;
    if (stdin.write(chunk)) continue;
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  }
  stdin.end();
}
