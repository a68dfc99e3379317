import { openElf } from '../elf/index.js';
import { InputError } from '../errors.js';
import { contentOf } from './content.js';
import { readKlpArrays } from './klp-arrays.js';
import { readKpatchFunctions } from './kpatch-functions.js';
import type { Livepatch, LivepatchFile, PatchedPart } from './livepatch.js';
import { ModuleData } from './module-data.js';
import { readObjtoolFunctions } from './objtool-functions.js';
import { readPatchedList } from './patched-list.js';
import { readPatchedSources } from './patched-sources.js';

/**
 * Reads what a livepatch patches: C sources (several are read together: an array may be in another file than the
 * object that refers to it), modules, or lists. An empty list says that nothing is patched.
 *
 * @throws InputError where a file is none of them or cannot be read, or where nothing tells what is patched
 */
export function readLivepatch(files: readonly LivepatchFile[]): Livepatch {
  const sources: LivepatchFile[] = [];
  const parts: PatchedPart[] = [];
  for (const file of files) {
    const content = contentOf(file);
    if (content === 'c') sources.push(file);
    else parts.push(content === 'elf' ? readPatchedModule(file) : readPatchedList(file));
  }
  if (sources.length > 0) parts.unshift(readPatchedSources(sources));
  const patched = parts.flatMap((part) => part.patched);
  const warnings = parts.flatMap((part) => part.warnings);
  const isTold = parts.some(({ kind }) => kind === 'list');
  if (patched.length === 0 && warnings.length === 0 && !isTold) {
    throw new InputError(
      files.map(({ path }) => path).join(', '),
      'patches nothing',
      'give the source with the klp_func arrays, the module (.ko), or a list of functions',
    );
  }
  const [first] = parts;
  const kind = first && parts.every((part) => part.kind === first.kind) ? first.kind : 'mixed';
  return { kind, patched, warnings };
}

function readPatchedModule({ path, bytes }: LivepatchFile): PatchedPart {
  const module = new ModuleData(openElf(bytes, path));
  // kpatch's and objtool's modules build their klp_patch when they are loaded: there is none in their data.
  return readKpatchFunctions(module) ?? readObjtoolFunctions(module) ?? readKlpArrays(module);
}
