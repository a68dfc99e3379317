import type { NamedTarget } from '../audit/gather.js';
import type { SymbolList } from '../audit/symbol-lists.js';
import { InputError } from '../errors.js';
import { maybeDecompress, readMaybeCompressed } from '../input/decompress.js';
import { contentOf } from '../livepatch/content.js';
import type { LivepatchFile } from '../livepatch/livepatch.js';
import { readLivepatch } from '../livepatch/read-livepatch.js';
import { readReferences } from '../livepatch/read-references.js';
import type { References } from '../livepatch/references.js';
import { isKlpSymbols, parseKlpSymbols } from '../symbols/text-tables.js';
import { nameOf, readInput, STANDARD_INPUT } from './standard-input.js';

/** What a livepatch's files say: what they patch, what they refer to, and the lists that klp-convert looks up. */
export interface LivepatchContents {
  readonly targets: readonly NamedTarget[];
  readonly references: readonly References[];
  readonly symbolLists: readonly SymbolList[];
}

/**
 * Reads a livepatch; what is doubtful about it is told on standard error. `-` is standard input.
 *
 * @throws InputError for a file that is none, or that tells of nothing that is patched or referred to
 */
export async function readLivepatchFiles(paths: readonly string[]): Promise<LivepatchContents> {
  const all = await Promise.all(paths.map(readLivepatchFile));
  const symbolLists = all
    .filter(({ bytes }) => isKlpSymbols(bytes))
    .map(({ path, bytes }) => ({ file: path, objects: parseKlpSymbols(bytes, path) }));
  const files = all.filter(({ bytes }) => !isKlpSymbols(bytes));
  const references = files
    .filter((file) => contentOf(file) !== 'list')
    .map(({ path, bytes }) => readReferences(path, bytes));
  for (const { where, what } of references.flatMap(({ warnings }) => warnings)) warn(where, what);
  return { targets: files.length === 0 ? [] : readTargets(files, references), references, symbolLists };
}

async function readLivepatchFile(path: string): Promise<LivepatchFile> {
  if (path !== STANDARD_INPUT) return { path, bytes: await readMaybeCompressed(path) };
  const name = nameOf(path);
  return { path: name, bytes: await maybeDecompress(readInput(path), name) };
}

/**
 * @throws InputError for a livepatch that neither patches nor refers to anything: there is nothing that could be wrong
 *   with it
 */
export function refuseEmpty({ targets, references, symbolLists }: LivepatchContents, what: string): void {
  if (targets.length > 0 || symbolLists.length > 0 || references.some(refersToAny)) return;
  throw new InputError(what, 'neither patches nor refers to anything', 'was it written to its end?');
}

function refersToAny({ targets, relaSections }: References): boolean {
  return targets.length + relaSections.length > 0;
}

function readTargets(files: readonly LivepatchFile[], references: readonly References[]): NamedTarget[] {
  try {
    const livepatch = readLivepatch(files);
    for (const { where, what } of livepatch.warnings) warn(where, what);
    return livepatch.patched.map(({ object, function: name, sympos, condition, where }) => ({
      object,
      name,
      sympos,
      ...(condition !== undefined && { condition }),
      where,
    }));
  } catch (error) {
    // A part of a livepatch may refer to symbols and patch nothing itself.
    if (error instanceof InputError && references.some(refersToAny)) return [];
    throw error;
  }
}

function warn(where: string, what: string): void {
  process.stderr.write(`klp-reach: warning: ${where}: ${what}\n`);
}
