import type { ImageSymbolRow } from '../index/reader.js';
import type { References, ReferenceTarget } from '../livepatch/references.js';
import type { Reach } from '../reach/affected.js';
import type { Reference } from './facts.js';
import { chosen, fateOf, isDefined } from './symbols-meant.js';

/** Symbols that the linker or the module loader itself provides on some machines. */
const PROVIDED = new Set(['_GLOBAL_OFFSET_TABLE_', '.TOC.', '__this_module']);

/**
 * Looks up what a livepatch's file refers to.
 *
 * @param files the sources that the fix is about: a symbol of theirs is the likely meaning of an ambiguous name
 */
export function resolveReferences(
  reach: Reach,
  build: string,
  { targets, undefinedSymbols }: References,
  files: ReadonlySet<string>,
): Reference[] {
  const { index } = reach;
  const dialect = dialectOf(targets);
  const plain = undefinedSymbols.filter(({ name, weak }) => !weak && !PROVIDED.has(name));
  return [...targets, ...plain].map((said) => {
    const nameId = index.nameId(said.name);
    const all = nameId === undefined ? [] : index.imageSymbols(build, nameId).filter(isDefined);
    const seen = all.filter(({ position }) => position > 0);
    const object = said.symbolObject?.replaceAll('-', '_');
    const candidates = object === undefined ? seen : seen.filter((symbol) => symbol.object === object);
    const symbol = chosen(candidates, said.position) ?? freedSymbol(all, candidates, object);
    const fate = nameId === undefined || candidates.length > 0 ? undefined : fateOf(reach, build, said.name);
    return {
      said,
      dialect,
      ...(object !== undefined && { object }),
      candidates,
      ...(symbol && { symbol }),
      elsewhere: object === undefined ? [] : all.filter((other) => other.object !== object),
      ...(fate && { fate }),
      exporters: index.exporters(build, said.name),
      suggested: candidates.filter(({ source }: ImageSymbolRow) => source !== null && files.has(source)),
    };
  });
}

/** Init symbols of a module have no position for livepatch: that is another mistake than a name that is nowhere. */
function freedSymbol(
  all: readonly ImageSymbolRow[],
  candidates: readonly ImageSymbolRow[],
  object: string | undefined,
): ImageSymbolRow | undefined {
  if (object === undefined || candidates.length > 0) return undefined;
  return all.find((symbol) => symbol.object === object && symbol.lifetime === 'init');
}

function dialectOf(targets: readonly ReferenceTarget[]): Reference['dialect'] {
  const forms = new Set(targets.map(({ how }) => how));
  if (forms.has('converted')) return 'converted';
  if (forms.has('annotated-minimal')) return 'minimal';
  return forms.has('annotated-full') ? 'full' : 'none';
}
