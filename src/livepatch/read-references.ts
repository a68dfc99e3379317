import { openElf } from '../elf/index.js';
import { InputError } from '../errors.js';
import { contentOf } from './content.js';
import { readModuleReferences } from './module-references.js';
import type { References } from './references.js';
import { readSourceReferences } from './source-references.js';

/**
 * Reads which symbols a livepatch module (before or after klp-convert, kpatch's, objtool's) or a C source refers to.
 *
 * @throws InputError where it is neither, or damaged
 */
export function readReferences(path: string, bytes: Uint8Array): References {
  const content = contentOf({ path, bytes });
  if (content === 'elf') return readModuleReferences(openElf(bytes, path));
  if (content === 'c') return readSourceReferences(path, bytes);
  throw new InputError(path, 'is a list: it refers to no symbols', 'give the module (.ko) or its C source');
}
