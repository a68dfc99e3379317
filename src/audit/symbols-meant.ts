import { bodiesNamed, State } from '../graph/unit-symbols.js';
import type { ImageSymbolRow, IndexReader } from '../index/reader.js';
import type { Reach } from '../reach/affected.js';
import { CALL, type Member } from '../reach/answer.js';
import type { CodeGraph } from '../reach/code-graph.js';
import { describe } from '../reach/describe.js';
import { entriesOf } from '../reach/entries.js';
import type { PatchSets } from '../reach/patch-set.js';
import type { NameFate } from './facts.js';

export function isDefined({ type }: ImageSymbolRow): boolean {
  return type !== 'undefined';
}

/** As klp_find_object_symbol chooses (kernel/livepatch/core.c). */
export function chosen(candidates: readonly ImageSymbolRow[], sympos: number): ImageSymbolRow | undefined {
  if (sympos === 0) return candidates.length === 1 ? candidates[0] : undefined;
  return candidates.find(({ position }) => position === sympos);
}

/** What symbols' bodies are to a livepatch, all at once; undefined for those that no unit has. */
export function membersOf(
  index: IndexReader,
  sets: PatchSets,
  symbols: readonly (ImageSymbolRow | undefined)[],
): (Member | undefined)[] {
  const bodies: number[] = [];
  const places = symbols.map((symbol) => {
    const body = symbol && bodyOf(index, sets.graph, symbol);
    return body === undefined ? -1 : bodies.push(body) - 1;
  });
  const [first] = bodies;
  if (first === undefined) return symbols.map(() => undefined);
  const entries = entriesOf(sets.graph.unitOf(first), bodies);
  const members = describe(index, sets, NO_NAME, [entries])[0]!;
  return places.map((place) => members[place]);
}

/** Nobody asks for a name: bodies go by their own. */
const NO_NAME = -1;

/** Trampolines are no functions of anybody's source. */
function bodyOf(index: IndexReader, graph: CodeGraph, { unit, name }: ImageSymbolRow): number | undefined {
  const nameId = index.nameId(name);
  if (unit === null || nameId === undefined) return undefined;
  return bodiesNamed(graph.unit(unit), nameId).find((body) => graph.state(body) !== State.trampoline);
}

/** What became of the functions of a name; undefined where there is none. */
export function fateOf(reach: Reach, build: string, name: string): NameFate | undefined {
  const question = { filter: { build }, mode: 'ordered', direction: 'affected' } as const;
  const answers = reach.askIfKnown({ text: name, name }, question);
  if (answers.length === 0) return undefined;
  const members = answers.flatMap(({ units }) => units.flatMap((unit) => unit.members));
  const own = members.filter(({ step }) => step === undefined);
  const copies = members.filter(({ step }) => step !== undefined && step.kind !== CALL);
  const away = own.find(({ stuck }) => stuck === 'out-of-reach');
  return {
    isClone: own.length > 0 && own.every(({ clone }) => clone),
    hosts: namesOf(copies.filter((member) => member.class === 'patch')),
    clones: namesOf(copies.filter((member) => member.class === 'clone')),
    ...(away && { binary: away.binary! }),
  };
}

function namesOf(functions: readonly Member[]): string[] {
  return [...new Set(functions.map(({ name }) => name))];
}
