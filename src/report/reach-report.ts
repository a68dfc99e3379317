import type { ReachAnswer, ReachQuestion } from '../reach/affected.js';
import type { Caveat } from '../reach/caveats.js';
import {
  CALL,
  CLASSES,
  type FunctionClass,
  type UnitFunction,
  type UnitReach,
} from '../reach/unit-function.js';
import { chainTo } from '../reach/unit-functions.js';

/** What is printed for `affected` and `inlined`, in every format. */
export interface ReachReport {
  readonly direction: ReachQuestion['direction'];
  readonly mode: ReachQuestion['mode'];
  /** Whether each function is printed with its chain. */
  readonly why: boolean;
  readonly answers: readonly ReachAnswer[];
  /** Units that lost records: something may be missing, and every answer says so. */
  readonly caveats: readonly Caveat[];
}

/** How many functions (by unit and name) an answer has of each class. */
export function countClasses(answer: ReachAnswer): Record<FunctionClass, number> {
  const counts: Record<FunctionClass, number> = { patch: 0, blocked: 0, clone: 0, unverified: 0, gone: 0 };
  for (const { functions } of answer.units) for (const f of functions) counts[f.class]++;
  return counts;
}

/** Something that an answer rests on and that nothing tells. */
export interface Unknown {
  readonly unit: string;
  /** The function that it is about; '' for a whole unit. */
  readonly function: string;
  readonly why: string;
}

/** What keeps an answer from being complete; of the hosts of a function, not of what is inside it. */
export function unknownsOf(answer: ReachAnswer, report: ReachReport): Unknown[] {
  const lost = report.caveats
    .filter(({ build }) => build === answer.definition.build)
    .map(({ unit, what }) => ({ unit, function: '', why: `its dump lost records: ${what}` }));
  if (report.direction === 'inlined') return lost;
  return [
    ...lost,
    ...answer.units.flatMap(({ unit, functions, open }) => [
      ...open.map(({ clone, why }) => ({
        unit: unit.path,
        function: clone,
        why: `who calls it is unknown: ${why}`,
      })),
      ...functions
        .filter((f) => f.class === 'patch' && !f.place && (unit.image !== null || unit.imagesKnown))
        .map((f) => ({
          unit: unit.path,
          function: f.name,
          why:
            unit.image === null
              ? 'which object it is in is unknown: not vmlinux, nor a module that was given'
              : `which of ${unit.image}'s symbols it is is unknown`,
        })),
      ...(functions.some(({ verified }) => !verified)
        ? [
            {
              unit: unit.path,
              function: '',
              why: `${OBJECT_STATES[unit.object]}: what is emitted is unverified`,
            },
          ]
        : []),
    ]),
  ];
}

const OBJECT_STATES = {
  read: 'the object was read',
  missing: 'there is no object',
  corrupt: 'the object cannot be read',
  'not asked': 'the object was not read',
} as const;

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

/** Longer chains are cut in their middle in text; JSON has every step. */
const LONGEST_CHAIN = 24;

/** A chain, read from the asked function to its end. */
export function chainText(
  functions: readonly UnitFunction[],
  place: number,
  direction: ReachReport['direction'],
): string {
  const word = ({ name, step }: UnitFunction) => {
    if (!step) return name;
    if (step.kind === CALL) return `(a clone, which cannot be replaced) <-[called by]- ${name}`;
    const kind = step.kind === 'inlining to' ? 'inlined' : step.kind;
    return direction === 'affected' ? `-[${kind}]-> ${name}` : `<-[${kind}]- ${name}`;
  };
  const { length, head } = chainsOf(functions);
  const words = length[place]!;
  if (words <= LONGEST_CHAIN) return chainTo(functions, place).map(word).join(' ');
  const tail = [functions[place]!];
  while (tail.length < HALF) tail.push(functions[tail.at(-1)!.step!.from]!);
  return [
    ...chainTo(functions, head[place]!).map(word),
    `... ${words - LONGEST_CHAIN} more steps ...`,
    ...tail.reverse().map(word),
  ].join(' ');
}

const HALF = LONGEST_CHAIN / 2;

/** Of each function, how many its chain has, and the last one of the first half that is printed. */
interface Chains {
  readonly length: Int32Array;
  readonly head: Int32Array;
}

const known = new WeakMap<readonly UnitFunction[], Chains>();

/** In one pass over all, as each stands after the one that its step comes from: chains can be as long as the list. */
function chainsOf(functions: readonly UnitFunction[]): Chains {
  let chains = known.get(functions);
  if (!chains) {
    const length = new Int32Array(functions.length);
    const head = new Int32Array(functions.length);
    for (const [place, { step }] of functions.entries()) {
      length[place] = step ? length[step.from]! + 1 : 1;
      head[place] = length[place]! <= HALF ? place : head[step!.from]!;
    }
    chains = { length, head };
    known.set(functions, chains);
  }
  return chains;
}
