import { InputError } from '../errors.js';
import { normalPath } from '../index/path-normal.js';

/** What a user asks for: a function's name, and where it is declared if that was said. */
export interface SymbolSpec {
  readonly text: string;
  readonly name: string;
  /** A path, or the end of one at a folder's border; normal. */
  readonly file?: string;
}

/** Reads `name`, `name@path/suffix.c` or `path.c:name`. */
export function parseSymbolSpec(text: string): SymbolSpec {
  const at = text.indexOf('@');
  const colon = text.lastIndexOf(':');
  const [name, file] =
    at > 0
      ? [text.slice(0, at), text.slice(at + 1)]
      : colon > 0
        ? [text.slice(colon + 1), text.slice(0, colon)]
        : [text];
  if (name === '' || file === '' || /[\s/]/.test(name)) {
    throw new InputError(
      '',
      `"${text}" names no symbol`,
      'write it as name, name@path/suffix.c or path.c:name',
    );
  }
  return file === undefined ? { text, name } : { text, name, file: normalPath(file) };
}
