import { readFileSync } from 'node:fs';
import { parseCallgraphInfo } from '../callgraph/ci.js';
import { openElf } from '../elf/index.js';
import { InputError } from '../errors.js';
import type { Entry } from '../input/inputs.js';
import { companion, stemOf } from '../input/roles.js';
import { objectEvidence } from '../symbols/object-evidence.js';
import { objectFunctions } from '../symbols/object-functions.js';
import type { ObjectToCheck } from './unit-checks.js';

/** Code of a C source without a dump: whether it is part of the kernel, linking tells. */
export interface Stray {
  readonly file: string;
  readonly source: string;
  readonly functions: readonly StrayFunction[];
}

interface StrayFunction {
  readonly name: string;
  /** In bytes; null where only a call graph tells of it. */
  readonly size: number | null;
}

/** Files that may be strays, and what tells whether they changed. */
export interface StrayFiles {
  readonly stamp: string;
  /** Reads them: not done where nothing changed. */
  readonly read: () => Stray[];
}

export const NO_STRAYS: StrayFiles = { stamp: '', read: () => [] };

/** Kbuild's partial links of many objects, which are large and tell of no source of their own. */
const COMPOSITE = /(?:^|\/)(?:vmlinux|built-in|\.tmp_[^/]*)\.o$/;

/** Objects and call graphs of the build that no dump is beside. */
export function strayFiles(entries: readonly Entry[]): StrayFiles {
  const stems = entries.filter(({ role }) => role === 'dump').map(({ name }) => stemOf(name));
  const expected = new Set(stems.flatMap((stem) => [companion(stem, '.o'), companion(stem, '.ci')]));
  const alone = entries.filter(
    ({ role, name }) =>
      (role === 'object' || role === 'callgraph') && !expected.has(name) && !COMPOSITE.test(name),
  );
  if (alone.length === 0) return NO_STRAYS;
  const objects = new Set(alone.filter(({ role }) => role === 'object').map(({ name }) => name));
  return {
    stamp: alone.map(({ name, size, mtimeNs }) => `${name} ${size}-${mtimeNs}`).join('\n'),
    read: () =>
      alone.flatMap(({ name, path, role }) => {
        if (role === 'object') return strayObject(readFileSync(path), path) ?? [];
        if (objects.has(name.replace(/\.ci$/, '.o'))) return [];
        return strayCalls(readFileSync(path), path) ?? [];
      }),
  };
}

/** The same of an object of an archive, which has been read already. */
export function strayOf(name: string, object: ObjectToCheck | undefined): Stray | undefined {
  const source = object && sourceOfObject(name, object.sources);
  if (source === undefined) return undefined;
  const { file, symbols, code } = object!;
  const { size } = code.bodies;
  return { file, source, functions: symbols.map((own, i) => ({ name: own, size: size[code.body[i]!]! })) };
}

function strayObject(bytes: Buffer, file: string): Stray | undefined {
  try {
    const elf = openElf(bytes, file);
    const source = sourceOfObject(file, objectEvidence(elf).sources);
    if (source === undefined) return undefined;
    const { names, size } = objectFunctions(elf);
    return { file, source, functions: names.map((name, i) => ({ name, size: size[i]! })) };
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

function strayCalls(bytes: Buffer, file: string): Stray | undefined {
  try {
    const { title, names, functionName } = parseCallgraphInfo(bytes, file);
    if (!title.endsWith('.c')) return undefined;
    return {
      file,
      source: title.slice(title.lastIndexOf('/') + 1),
      functions: Array.from(functionName, (name) => ({ name: names[name]!, size: null })),
    };
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

/** The C source that an object is named after. Others are assembly, or partial links of objects that are beside them. */
function sourceOfObject(file: string, sources: readonly string[]): string | undefined {
  const [source, ...others] = sources;
  const object = file.slice(file.lastIndexOf('/') + 1);
  const isOwn = source?.endsWith('.c') && others.length === 0 && object === `${source.slice(0, -2)}.o`;
  return isOwn ? source : undefined;
}
