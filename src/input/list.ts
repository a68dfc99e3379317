import { InputError } from '../errors.js';

/** A name in a list of files. */
export interface ListedName {
  readonly name: string;
  /** `LIST:LINE`. */
  readonly where: string;
}

/**
 * The names in a list, one a line, taken as they are; blank lines and lines that begin with `#` are skipped.
 *
 * @param list what to call the list in errors: its path, or `<stdin>`
 * @throws InputError if it names nothing, or holds NUL bytes
 */
export function parseList(text: string, list: string): ListedName[] {
  const names: ListedName[] = [];
  const lines = text.replace(/^\ufeff/, '').split('\n');
  for (const [index, line] of lines.entries()) {
    const where = `${list}:${index + 1}`;
    const name = line.endsWith('\r') ? line.slice(0, -1) : line;
    if (name.includes('\0')) {
      throw new InputError(where, 'holds a NUL byte', 'list one name a line (find -print, not -print0)');
    }
    if (name.trim() !== '' && !name.trimStart().startsWith('#')) names.push({ name, where });
  }
  if (names.length === 0) throw new InputError(list, 'names no dump', 'list one dump a line');
  return names;
}
