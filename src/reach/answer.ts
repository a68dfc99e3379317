/**
 * The answer's types: what `affected`, `callers`, `audit` and every format say, in data. Sentences are made in `report`.
 */
import type { Problem, ProblemCode } from '../index/problems.js';
import type { PlaceRow, SymbolRow, UnitRow } from '../index/reader.js';
import type { Definition } from './definitions.js';
import type { Verdict } from './patch-set.js';
import type { SymbolSpec } from './symbol-spec.js';
import type { WalkMode } from './walk.js';

/**
 * What a livepatch does about a member (DOMAIN section 4, entries of the answer):
 * `patch` replaces it; `clone` and `blocked` are stuck, their callers stand in; `init` has run; `discarded` is a weak
 * definition that lost; `gone` has no symbol; `unverified` is not known to exist.
 */
export type MemberClass = 'patch' | 'clone' | 'blocked' | 'init' | 'discarded' | 'gone' | 'unverified';

/** In the order to print. */
export const MEMBER_CLASSES: readonly MemberClass[] = [
  'patch',
  'clone',
  'blocked',
  'init',
  'discarded',
  'unverified',
  'gone',
];

/** Why a body cannot be redirected. */
export type StuckReason = 'clone' | 'no-site' | 'out-of-reach' | 'module-exit' | 'folded';

/** Why a live stuck body may run though no caller that is known leads to it. */
export type OpenReason = 'address' | 'callers-unknown' | 'nodump-caller';

/** A reference that makes an end open. */
export interface OpenReference {
  /** The section that holds it; '' where that is not told. */
  readonly section: string;
  /** The function whose code it is; null for data, and for code without a name. */
  readonly by: string | null;
  /** The unit that holds it, or null where it belongs to none. */
  readonly unit: string | null;
  /** The linked object that holds it, for one that belongs to no unit. */
  readonly object: string | null;
}

export interface OpenEnd {
  readonly reason: OpenReason;
  /** Some of the references, at most {@link MOST_REFERENCES}. */
  readonly references: readonly OpenReference[];
}

export const MOST_REFERENCES = 3;

/** The last step of the chain that leads to a member. */
export interface Step {
  /** The member before, as its place in the list. */
  readonly from: number;
  /**
   * `inlining to` or the suffix of the clone; `call`: this one calls the member before, which is stuck; `folded`: the
   * member before was folded into this one, or for what is inside a function this one into that.
   */
  readonly kind: string;
  /** The dump's line, counted from 1; null for a call and for folding. */
  readonly seq: number | null;
}

/** The kinds of steps that no record says. */
export const CALL = 'call';
export const FOLDED = 'folded';

/** A body, or a function that has none, of one answer. It is told from the index, which has to be open still. */
export interface Member {
  /** Which of the bodies and functions of the answers that were made together it is. */
  readonly key: number;
  readonly unit: UnitRow;
  /** The body's name as it is written out. */
  readonly name: string;
  /** Its other names, sorted: replacing one replaces them all. */
  readonly aliases: readonly string[];
  /** Functions of the source that the compiler folded into it: what called them in its unit calls it. */
  readonly folded: readonly string[];
  /** Where it is declared; normal. '' and 0 where nothing tells. */
  readonly file: string;
  readonly line: number;
  readonly class: MemberClass;
  /** Whether its only names are clones'. */
  readonly clone: boolean;
  /** Of a stuck member, why. */
  readonly stuck: StuckReason | null;
  /** The binary of an `out-of-reach` member, in words: `the vDSO`. */
  readonly binary: string | null;
  /** Of a stuck member: whether it may run. */
  readonly live: boolean;
  /** Of a stuck member that is not live: whether modules from outside the build can call it. */
  readonly exported: boolean;
  /** Of a stuck member: whether it runs and nothing that is replaced leads to it, so that it keeps the old code. */
  readonly deadEnd: boolean;
  readonly open: readonly OpenEnd[];
  /** Of a stuck member: the places in the list of the members that call it, which stand in for it. */
  readonly calledBy: readonly number[];
  /** Whether the class rests on the object, not on the dump's removal records. */
  readonly verified: boolean;
  /** Its symbol in the unit's object. */
  readonly symbol?: SymbolRow | undefined;
  /** Whether code of other units can name it. */
  readonly global: boolean;
  /** Where it is in linked objects: one each. */
  readonly places: readonly PlaceRow[];
  /** The linked objects of its unit in which nothing tells its position. */
  readonly unplaced: readonly string[];
  /** Undefined for the function that was asked for. */
  readonly step?: Step | undefined;
}

/** Something that an answer rests on and that nothing tells. */
export type Unknown = {
  /** The unit that it is about; '' for the whole build. */
  readonly unit: string;
  /** The member that it is about; '' for a whole unit. */
  readonly function: string;
} & (
  | { readonly code: 'open-end'; readonly open: OpenEnd }
  | { readonly code: 'unverified'; readonly object: UnitRow['object'] }
  | { readonly code: 'object-unknown' }
  /** The function may have been folded into an equal one, whose hosts and callers would be its own. */
  | { readonly code: 'folding-unknown' }
  /** Of a function that a unit's source has: nothing of its dump, call graph and object mentions it. */
  | { readonly code: 'unmentioned' }
  | { readonly code: 'position-unknown'; readonly object: string }
  | {
      readonly code: 'incomplete-dump';
      readonly file: string;
      readonly line: number | null;
      readonly problem: string;
      readonly more: number;
    }
  | ({ readonly code: Exclude<ProblemCode, 'incomplete-dump'> } & Omit<Problem, 'code'>)
);

/** What a change of the function reaches in one of its units, with what stands in for it elsewhere. */
export interface UnitAnswer {
  readonly unit: UnitRow;
  /** The asked function first, each other one after the one that its step comes from. */
  readonly members: readonly Member[];
  readonly verdict: Verdict;
  /** What keeps it from being complete. */
  readonly unknowns: readonly Unknown[];
}

/** The answer for one function that a symbol can mean. */
export interface ReachAnswer {
  readonly spec: SymbolSpec;
  readonly definition: Definition;
  readonly units: readonly UnitAnswer[];
}

export type Direction = 'affected' | 'inlined';

export interface ReachQuestion {
  readonly filter: { readonly build?: string; readonly unit?: string };
  readonly mode: WalkMode;
  readonly direction: Direction;
}

/** `sympos` as `klp_func.old_sympos` takes it: 0 for the only symbol of its name. */
export function symposOf(place: PlaceRow): number {
  return place.total === 1 ? 0 : place.position;
}

export function isComplete({ units }: ReachAnswer): boolean {
  return units.every(({ unknowns }) => unknowns.length === 0);
}

/** The chain to a member: the asked function first. */
export function chainTo(members: readonly Member[], place: number): Member[] {
  const chain = [members[place]!];
  for (let step = chain[0]!.step; step; step = chain.at(-1)!.step) chain.push(members[step.from]!);
  return chain.reverse();
}
