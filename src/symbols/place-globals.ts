/**
 * Which object of a linked image a global function is from. Its symbol says nothing of that, but each input section's
 * contributions stand in link order, so it lies between functions of objects that are known; between those, the one dump
 * that has its name and did not remove it, and what its code refers to, tell.
 */

/** A place in the code of a linked image where function symbols stand. */
export interface CodePlace {
  /** Within one, contributions stand in link order. */
  readonly segment: number;
  readonly names: readonly number[];
  /** The group of its local symbols, or what else is certain of it; -1 if nothing is. */
  readonly group: number;
  /** The group whose local functions or data its code refers to; -1 if it refers to none. */
  readonly told: number;
}

/** What is known of the object behind a group of symbols. */
export interface GroupKnowledge {
  /** Whether the dump behind it has a name and did not remove it; undefined if that may be. */
  has(group: number, name: number): boolean | undefined;
  /** Whether it is of a C source. */
  isC(group: number): boolean;
  readonly count: number;
}

/** A group that has it, or the range of those that may. */
export interface PlacedCode {
  readonly group: number;
  readonly candidates: readonly number[];
}

/** @param places in the order of the code */
export function placeGlobals(places: readonly CodePlace[], groups: GroupKnowledge): PlacedCode[] {
  const decided = Int32Array.from(places, ({ group }) => group);
  const settle = (rule: Rule) => {
    const { lower, upper } = neighbours(places, decided);
    let settled = 0;
    for (let at = 0; at < places.length; at++) {
      if (decided[at]! >= 0) continue;
      const group = rule(places[at]!, lower[at]!, upper[at]!, groups);
      if (group < 0) continue;
      decided[at] = group;
      settled++;
    }
    return settled > 0;
  };
  // Names last: they are those of weak definitions that lost, too, and tell only in a range that is as narrow as can be.
  while (settle(byNeighbours) || settle(byReferences) || settle(byNames));
  const { lower, upper } = neighbours(places, decided);
  return places.map((place, at) => {
    const group = decided[at]!;
    return { group, candidates: group >= 0 ? [] : candidatesOf(place, lower[at]!, upper[at]!, groups) };
  });
}

type Rule = (place: CodePlace, lower: number, upper: number, groups: GroupKnowledge) => number;

const byNeighbours: Rule = (_, lower, upper) => (lower === upper ? lower : -1);

const byReferences: Rule = ({ told }, lower, upper, { count }) =>
  told >= 0 && [...between(lower, upper, count)].includes(told) ? told : -1;

const byNames: Rule = ({ names }, lower, upper, groups) => {
  let only = -1;
  for (const group of between(lower, upper, groups.count)) {
    for (const name of names) {
      const has = groups.has(group, name);
      if (has === undefined) return -1;
      if (!has || group === only) continue;
      if (only >= 0) return -1;
      only = group;
    }
  }
  return only;
};

/** Those whose dump names it, or else all in the range. */
function candidatesOf({ names }: CodePlace, lower: number, upper: number, groups: GroupKnowledge): number[] {
  const all = [...between(lower, upper, groups.count)].filter((group) => groups.isC(group));
  const naming = all.filter((group) => names.some((name) => groups.has(group, name) !== false));
  return naming.length > 0 ? naming : all;
}

/** The groups from one to another; around the end where a sequence of input sections ends and another begins. */
function* between(lower: number, upper: number, count: number): Generator<number> {
  const from = Math.max(lower, 0);
  const to = upper < 0 ? count - 1 : upper;
  if (from <= to) {
    for (let group = from; group <= to; group++) yield group;
    return;
  }
  for (let group = from; group < count; group++) yield group;
  for (let group = 0; group <= to; group++) yield group;
}

/** The groups of the nearest places before and behind that are decided, in the same segment; -1 at its ends. */
function neighbours(places: readonly CodePlace[], decided: Int32Array) {
  const lower = new Int32Array(places.length).fill(-1);
  const upper = new Int32Array(places.length).fill(-1);
  for (let at = 1; at < places.length; at++) {
    if (places[at - 1]!.segment !== places[at]!.segment) continue;
    lower[at] = decided[at - 1]! >= 0 ? decided[at - 1]! : lower[at - 1]!;
  }
  for (let at = places.length - 2; at >= 0; at--) {
    if (places[at + 1]!.segment !== places[at]!.segment) continue;
    upper[at] = decided[at + 1]! >= 0 ? decided[at + 1]! : upper[at + 1]!;
  }
  return { lower, upper };
}
