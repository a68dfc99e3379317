import type { ReachAnswer, ReachQuestion, UnitFunction } from '../reach/affected.js';
import { CLASSES, chainTo, type FunctionClass } from '../reach/affected.js';
import type { Caveat } from '../reach/caveats.js';

/** What is printed for `affected` and `inlined`, in every format. */
export interface ReachReport {
  readonly direction: ReachQuestion['direction'];
  readonly mode: ReachQuestion['mode'];
  /** Whether each function is printed with its chain. */
  readonly why: boolean;
  readonly answers: readonly ReachAnswer[];
  /** Non-empty: something is missing, and every answer says so. */
  readonly caveats: readonly Caveat[];
}

/** How many functions (by unit and name) an answer has of each class. */
export function countClasses(answer: ReachAnswer): Record<FunctionClass, number> {
  const counts: Record<FunctionClass, number> = { patch: 0, clone: 0, unverified: 0, gone: 0 };
  for (const { functions } of answer.units) for (const f of functions) counts[f.class]++;
  return counts;
}

/** An emitted clone whose callers have to be replaced instead of it. */
export interface OpenQuestion {
  readonly unit: string;
  readonly clone: string;
}

export function openQuestions(answer: ReachAnswer): OpenQuestion[] {
  return answer.units.flatMap(({ unit, functions }) =>
    functions
      .filter((f) => f.class === 'clone' || (f.class === 'unverified' && f.clone))
      .map((f) => ({ unit: unit.path, clone: f.name })),
  );
}

/** Places in a unit's list in the order to print: by class, then as reached. */
export function printOrder(functions: readonly UnitFunction[]): number[] {
  return functions
    .map((_, place) => place)
    .sort((a, b) => CLASSES.indexOf(functions[a]!.class) - CLASSES.indexOf(functions[b]!.class) || a - b);
}

/** Longer chains are cut in their middle in text; JSON has every step. */
const LONGEST_CHAIN = 24;

/** `bar <- inlining to` chains read from the asked function to its end. */
export function chainText(
  functions: readonly UnitFunction[],
  place: number,
  direction: ReachReport['direction'],
): string {
  const chain = chainTo(functions, place);
  const words = chain.map(({ name, step }) => (step ? `${arrow(step.kind, direction)} ${name}` : name));
  if (words.length <= LONGEST_CHAIN) return words.join(' ');
  const half = LONGEST_CHAIN / 2;
  const left = words.length - LONGEST_CHAIN;
  return [...words.slice(0, half), `-> ... ${left} more steps ...`, ...words.slice(-half)].join(' ');
}

function arrow(kind: string, direction: ReachReport['direction']): string {
  const what = kind === 'inlining to' ? 'inlined' : kind;
  return direction === 'affected' ? `-[${what}]->` : `<-[${what}]-`;
}
