import type { Direction } from './answer.js';
import { addBodiesNamed, type UnitCode } from './code-graph.js';
import type { PatchSets, Verdict } from './patch-set.js';
import { startNames } from './start-names.js';
import { sameBodyNodes } from './unit-walk.js';
import { type WalkMode, walkBackward, walkForward } from './walk.js';

/** Where an entry comes from that is no step over an edge of the unit. */
export const NO_EDGE = -1;
export const CALL_EDGE = -2;

/**
 * What a walk or a closure reached, in ids and columns: an answer can have a million entries. Each body stands in it
 * once, however many nodes and names it has, and each name that has no body.
 */
export class EntryList {
  readonly unit: UnitCode;
  /** A body of the graph, or `-1 - name` for a name without one. */
  readonly target: number[] = [];
  /** The edge over which it was reached, NO_EDGE for what was asked for, CALL_EDGE where it calls a stuck member. */
  readonly edge: number[] = [];
  /** The place of the entry that it comes from; -1 for none. */
  readonly from: number[] = [];

  constructor(unit: UnitCode) {
    this.unit = unit;
  }

  get length(): number {
    return this.target.length;
  }

  add(target: number, edge: number, from: number): number {
    this.target.push(target);
    this.edge.push(edge);
    this.from.push(from);
    return this.target.length - 1;
  }
}

/** One unit's answer, in ids. */
export interface Draft {
  readonly entries: EntryList;
  readonly verdict: Verdict;
}

/** Adds to what a walk reached what stands in for its stuck members. */
export function closeOver(sets: PatchSets, entries: EntryList): Draft {
  const bodies = entries.target.filter((target) => target >= 0);
  const { members, calls, verdict } = sets.close(bodies);
  if (calls.size > 0) {
    const placeOf = new Map<number, number>();
    entries.target.forEach((target, place) => {
      placeOf.set(target, place);
    });
    for (const body of members) {
      const callee = calls.get(body);
      if (callee !== undefined) placeOf.set(body, entries.add(body, CALL_EDGE, placeOf.get(callee)!));
    }
  }
  return { entries, verdict };
}

/** What a walk to the functions inside a function reached, with the verdict of that function. */
export function insideOf(sets: PatchSets, entries: EntryList): Draft {
  const own = entries.target.filter((target, place) => target >= 0 && entries.edge[place] === NO_EDGE);
  return { entries, verdict: sets.close(own).verdict };
}

/** Bodies of other units or of this one, as a list of their own. */
export function entriesOf(unit: UnitCode, bodies: Iterable<number>): EntryList {
  const entries = new EntryList(unit);
  for (const body of bodies) entries.add(body, NO_EDGE, -1);
  return entries;
}

/** Where the code of a function went in one of its units, or whose code is in it. */
export function walk(unit: UnitCode, name: number, mode: WalkMode, direction: Direction): EntryList {
  const { nodeName } = unit;
  const names = startNames(unit, name);
  const starts: number[] = [];
  for (let node = 0; node < nodeName.length; node++) if (names.includes(nodeName[node]!)) starts.push(node);
  const walkEdges = direction === 'affected' ? walkForward : walkBackward;
  const { nodes, via } = walkEdges(unit, starts, sameBodyNodes(unit), mode);
  const from = direction === 'affected' ? unit.src : unit.dst;
  const entries = new EntryList(unit);
  const placeOfGone = new Map<number, number>();
  const placeOfBody = new Int32Array(unit.bodyCount).fill(-1);
  const placeOfNode = new Int32Array(nodeName.length);
  const targets: number[] = [];
  const addTargets = (of: number, edge: number, origin: number) => {
    targets.length = 0;
    addBodiesNamed(targets, unit, of);
    if (targets.length === 0) targets.push(-1 - of);
    let first = -1;
    for (const target of targets) {
      let place = target >= 0 ? placeOfBody[target - unit.base]! : (placeOfGone.get(target) ?? -1);
      if (place < 0) {
        place = entries.add(target, edge, origin);
        if (target >= 0) placeOfBody[target - unit.base] = place;
        else placeOfGone.set(target, place);
      }
      if (first < 0) first = place;
    }
    return first;
  };
  // The asked function is there also where no record mentions it.
  addTargets(name, NO_EDGE, -1);
  for (const node of nodes) {
    const edge = via.get(node)!;
    const origin = edge >= 0 ? placeOfNode[from[edge]!]! : -1;
    placeOfNode[node] = addTargets(nodeName[node]!, edge >= 0 ? edge : NO_EDGE, origin);
  }
  return entries;
}
