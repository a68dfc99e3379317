import { readFileSync } from 'node:fs';
import { InputError } from '../errors.js';

/** What stands for standard input where a file is named. */
export const STANDARD_INPUT = '-';

/** What is read from there is called, in messages. */
const NAME = '<stdin>';

/** A file's name for messages. */
export function nameOf(path: string): string {
  return path === STANDARD_INPUT ? NAME : path;
}

/** All of standard input, or of the file. */
export function readInput(path: string): Buffer {
  return readFileSync(path === STANDARD_INPUT ? 0 : path);
}

/** @throws InputError where standard input is named more than once: it can be read once */
export function refuseTwice(paths: readonly string[]): void {
  if (paths.filter((path) => path === STANDARD_INPUT).length < 2) return;
  throw new InputError('', 'standard input is named twice', 'it can be read once: give the others as files');
}
