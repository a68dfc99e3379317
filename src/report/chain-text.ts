import type { ReachQuestion } from './affected.js';
import { CALL, type UnitFunction } from './unit-function.js';
import { chainTo } from './unit-functions.js';

/** Longer chains are cut in their middle in text; JSON has every step. */
const LONGEST_CHAIN = 24;

/** A chain, read from the asked function to its end. */
export function chainText(
  functions: readonly UnitFunction[],
  place: number,
  direction: ReachQuestion['direction'],
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
