import { InputError } from '../errors.js';
import type { LivepatchFile } from './livepatch.js';

/** What a file is, by its content. */
export type Content = 'elf' | 'c' | 'list';

/** Files that are no lists, by their names: all that tells of one that is empty. */
const NO_LIST = /\.(?:ko|o|c|h)(?:\.\w+)?$/;

/**
 * An empty file is an empty list, unless its name is that of a module or a source.
 *
 * @throws InputError where it is empty, or neither ELF nor text
 */
export function contentOf({ path, bytes }: LivepatchFile): Content {
  if (bytes.length === 0 && NO_LIST.test(path))
    throw new InputError(path, 'is empty', 'was it written to its end?');
  if (bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46) return 'elf';
  if (bytes.includes(0)) {
    throw new InputError(
      path,
      'is neither a module nor a text',
      'give C sources, a .ko or a list of functions',
    );
  }
  const text = textOf(bytes);
  if (/^[ \t]*#[ \t]*(?:include|define|if|ifdef|ifndef|pragma)\b|^[^#\n]*\/\*|^[ \t]*\/\//m.test(text))
    return 'c';
  // No list has these outside of its comments, and no C file that declares anything is without them.
  return /[{};"]/.test(text.replaceAll(/#.*/g, '')) ? 'c' : 'list';
}

/** A text without its byte order mark, its lines ended by \n. */
export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    .toString('utf8')
    .replace(/^\ufeff/, '')
    .replaceAll(/\r\n?/g, '\n');
}
