import { klpNamesOf } from '../index/klp-names.js';
import type { IndexReader } from '../index/reader.js';

/** A symbols.klp: by object all symbol names, a name once for each symbol that has it. */
export interface SymbolList {
  readonly file: string;
  readonly objects: ReadonlyMap<string, readonly string[]>;
}

/** An object of a symbols.klp that is not as the index has it. */
export interface StaleList {
  readonly file: string;
  readonly object: string;
  /** Whether the index has the object at all. */
  readonly known: boolean;
  /** Names that the list has more often than the object does, or only the list. */
  readonly extra: readonly string[];
  /** Names that the list has less often, or not at all. */
  readonly missing: readonly string[];
}

/** The objects of a list that differ from the index's. */
export function staleLists(index: IndexReader, build: string, { file, objects }: SymbolList): StaleList[] {
  const known = new Set(index.images(build).map(({ name }) => name));
  const stale: StaleList[] = [];
  for (const [object, names] of objects) {
    if (!known.has(object)) {
      stale.push({ file, object, known: false, extra: [], missing: [] });
      continue;
    }
    const listed = new Set(names);
    const built = new Set(klpNamesOf(index, build, object));
    const extra = [...listed].filter((name) => !built.has(name));
    const missing = [...built].filter((name) => !listed.has(name));
    if (extra.length + missing.length > 0) stale.push({ file, object, known: true, extra, missing });
  }
  return stale;
}
