import { INLINING } from '../dump/record.js';
import { CALL, chainTo, type Direction, type Member } from '../reach/answer.js';

/** Longer chains are cut in their middle in text; JSON has every step. */
const LONGEST_CHAIN = 24;

/** A chain, read from the asked function to its end. */
export function chainText(members: readonly Member[], place: number, direction: Direction): string {
  return chainWords(members, place, direction).join(' ');
}

/** The same in pieces between which a line may end. */
export function chainWords(members: readonly Member[], place: number, direction: Direction): string[] {
  const words = ({ name, step }: Member) => {
    if (!step) return [name];
    const way = stepWord(step.kind);
    return [direction === 'affected' && step.kind !== CALL ? `-[${way}]->` : `<-[${way}]-`, name];
  };
  const { length, head } = chainsOf(members);
  const steps = length[place]!;
  if (steps <= LONGEST_CHAIN) return chainTo(members, place).flatMap(words);
  const tail = [members[place]!];
  while (tail.length < HALF) tail.push(members[tail.at(-1)!.step!.from]!);
  return [
    ...chainTo(members, head[place]!).flatMap(words),
    `... ${steps - LONGEST_CHAIN} more steps ...`,
    ...tail.reverse().flatMap(words),
  ];
}

/** A chain's text in such pieces again. */
export function chainPieces(chain: string): string[] {
  return chain.split(/ (?!by\]-)/);
}

/** A step's kind in a word or two. */
export function stepWord(kind: string): string {
  if (kind === CALL) return 'called by';
  return kind === INLINING ? 'inlined' : kind;
}

const HALF = LONGEST_CHAIN / 2;

/** Of each function, how many its chain has, and the last one of the first half that is printed. */
interface Chains {
  readonly length: Int32Array;
  readonly head: Int32Array;
}

const known = new WeakMap<readonly Member[], Chains>();

/** In one pass over all, as each stands after the one that its step comes from: chains can be as long as the list. */
function chainsOf(members: readonly Member[]): Chains {
  let chains = known.get(members);
  if (!chains) {
    const length = new Int32Array(members.length);
    const head = new Int32Array(members.length);
    for (const [place, { step }] of members.entries()) {
      length[place] = step ? length[step.from]! + 1 : 1;
      head[place] = length[place]! <= HALF ? place : head[step!.from]!;
    }
    chains = { length, head };
    known.set(members, chains);
  }
  return chains;
}
