import type { ImageSymbolRow, IndexReader } from '../index/reader.js';
import { askIfKnown } from '../reach/affected.js';
import { moduleSectionLifetime, sectionLifetime } from '../symbols/section-lifetime.js';
import type { TargetFate } from './facts.js';

export function isDefined({ type }: ImageSymbolRow): boolean {
  return type !== 'undefined';
}

/** As klp_find_object_symbol chooses (kernel/livepatch/core.c). */
export function chosen(candidates: readonly ImageSymbolRow[], sympos: number): ImageSymbolRow | undefined {
  if (sympos === 0) return candidates.length === 1 ? candidates[0] : undefined;
  return candidates.find(({ position }) => position === sympos);
}

/** Whether a symbol’s memory goes after start: of data too, which nobody patches but new code can refer to. */
export function isFreed(section: string | null): boolean {
  return (
    section !== null && (sectionLifetime(section) !== 'core' || moduleSectionLifetime(section) !== 'core')
  );
}

/** What became of the functions of a name; undefined where there is none. */
export function fateOf(index: IndexReader, build: string, name: string): TargetFate | undefined {
  const question = { filter: { build }, mode: 'ordered', direction: 'affected' } as const;
  const answers = askIfKnown(index, { text: name, name }, question);
  if (answers.length === 0) return undefined;
  const functions = answers.flatMap(({ units }) => units.flatMap((unit) => unit.functions));
  const own = functions.filter((f) => f.step === undefined);
  return {
    isClone: own.length > 0 && own.every((f) => f.clone),
    hosts: namesOf(functions.filter((f) => f.step && f.class === 'patch')),
    clones: namesOf(functions.filter((f) => f.step && f.class === 'clone')),
  };
}

function namesOf(functions: readonly { readonly name: string }[]): string[] {
  return [...new Set(functions.map(({ name }) => name))];
}
