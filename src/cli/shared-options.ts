import { type Command, InvalidArgumentError, Option } from 'commander';
import { DEFAULT_WAIT } from '../index/database.js';

export interface DbOptions {
  readonly db: string;
  /** Milliseconds. */
  readonly wait: number;
}

export type Format = 'text' | 'json' | 'csv';

export interface AskOptions extends DbOptions {
  readonly format: Format;
  readonly build?: string;
}

/** Which index, and how long to wait for it. */
export function withDb(command: Command): Command {
  return command
    .addOption(new Option('--db <file>', 'the index').env('KLP_REACH_DB').default('klp-reach.db'))
    .addOption(
      new Option('--wait <seconds>', 'how long to wait for a locked index')
        .argParser(milliseconds)
        .default(DEFAULT_WAIT, String(DEFAULT_WAIT / 1000)),
    );
}

/** In which form the answer is printed. */
export function withFormat(command: Command, formats: readonly string[]): Command {
  return command.addOption(
    new Option('-f, --format <format>', 'how to print').choices(formats).default('text'),
  );
}

/** How a command that answers from builds of the index is asked. */
export function withAsking(command: Command, formats: readonly string[] = ['text', 'json', 'csv']): Command {
  return withFormat(withDb(command), formats).option('-b, --build <name>', 'only this build of the index');
}

/** How a text is shown on a terminal. */
export function withPager(command: Command): Command {
  return command.option('--no-pager', 'print on the terminal at once');
}

function milliseconds(text: string): number {
  const seconds = Number(text);
  if (!(seconds >= 0 && seconds <= 86_400)) throw new InvalidArgumentError('It takes a number of seconds.');
  return Math.round(seconds * 1000);
}
