import type { ReachAnswer, ReachQuestion } from '../reach/affected.js';
import { CLASSES, type FunctionClass, type UnitFunction, type UnitReach } from '../reach/unit-function.js';
import type { Asked } from '../reach/unknowns.js';

/** What is printed for `affected` and `inlined`, in every format. */
export interface ReachReport extends Asked {
  readonly mode: ReachQuestion['mode'];
  /** Whether each function is printed with its chain. */
  readonly why: boolean;
  readonly answers: readonly ReachAnswer[];
}

/** How many functions (by unit and name) an answer has of each class. */
export function countClasses(answer: ReachAnswer): Record<FunctionClass, number> {
  const counts: Record<FunctionClass, number> = { patch: 0, blocked: 0, clone: 0, unverified: 0, gone: 0 };
  for (const { functions } of answer.units) for (const f of functions) counts[f.class]++;
  return counts;
}

/** Places in a unit's list in the order to print: by class, then as reached. */
export function printOrder(functions: readonly UnitFunction[]): number[] {
  return functions
    .map((_, place) => place)
    .sort((a, b) => CLASSES.indexOf(functions[a]!.class) - CLASSES.indexOf(functions[b]!.class) || a - b);
}

/** `vmlinux`, a module's name, or what is known instead. */
export function objectOf({ unit }: UnitReach): string {
  return unit.image ?? '?';
}
