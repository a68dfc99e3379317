import { doubled } from '../graph/columns.js';
import { addBodiesNamed, State } from '../graph/unit-symbols.js';
import { hasEmitted } from '../index/rows.js';
import type { Direction } from './answer.js';
import type { CodeGraph } from './code-graph.js';
import { alongFolds, foldsOf } from './folds.js';
import type { PatchSets, Verdict } from './patch-set.js';
import { startNames } from './start-names.js';
import type { UnitCode } from './unit-code.js';
import { nodesNamed, sameBodyNodes } from './unit-walk.js';
import { type Reached, type SameBody, type Via, type WalkMode, walkBackward, walkForward } from './walk.js';

/** Where an entry comes from that is no step over an edge of the unit. */
export const NO_EDGE = -1;
export const CALL_EDGE = -2;
/** What was reached from was folded into it, or it into that. */
export const FOLD_EDGE = -3;

/**
 * What a walk or a closure reached, in ids and columns: an answer can have a million entries. Each body stands in it
 * once, however many nodes and names it has, and each name that has no body.
 */
export class EntryList {
  readonly unit: UnitCode;
  #target: Int32Array = new Int32Array(FIRST_SIZE);
  #edge: Int32Array = new Int32Array(FIRST_SIZE);
  #from: Int32Array = new Int32Array(FIRST_SIZE);
  #length = 0;

  constructor(unit: UnitCode) {
    this.unit = unit;
  }

  get length(): number {
    return this.#length;
  }

  /** Bodies of the graph, and `-1 - name` for names without one. */
  get targets(): Int32Array {
    return this.#target.subarray(0, this.#length);
  }

  /** How each was reached, as {@link edge} tells. */
  get edges(): Int32Array {
    return this.#edge.subarray(0, this.#length);
  }

  target(place: number): number {
    return this.#target[place]!;
  }

  /** The edge over which it was reached, NO_EDGE for what was asked for, CALL_EDGE where it calls a stuck member, or FOLD_EDGE. */
  edge(place: number): number {
    return this.#edge[place]!;
  }

  /** The place of the entry that it comes from; -1 for none. */
  from(place: number): number {
    return this.#from[place]!;
  }

  add(target: number, edge: number, from: number): number {
    const place = this.#length++;
    if (place === this.#target.length) {
      this.#target = doubled(this.#target);
      this.#edge = doubled(this.#edge);
      this.#from = doubled(this.#from);
    }
    this.#target[place] = target;
    this.#edge[place] = edge;
    this.#from[place] = from;
    return place;
  }
}

const FIRST_SIZE = 16;

/** One unit's answer, in ids. */
export interface Draft {
  readonly entries: EntryList;
  readonly verdict: Verdict;
}

/** Adds to what a walk reached what stands in for its stuck members. */
export function closeOver(sets: PatchSets, entries: EntryList): Draft {
  const places: number[] = [];
  for (let place = 0; place < entries.length; place++) if (entries.target(place) >= 0) places.push(place);
  const bodies = Int32Array.from(places, (place) => entries.target(place));
  const { members, calls, verdict } = sets.close(bodies);
  if (members.length > bodies.length) {
    for (let at = bodies.length; at < members.length; at++) {
      places.push(entries.add(members[at]!, CALL_EDGE, places[calls[at - bodies.length]!]!));
    }
  }
  return { entries, verdict };
}

/** What a walk to the functions inside a function reached, with the verdict of that function. */
export function insideOf(sets: PatchSets, entries: EntryList): Draft {
  const own = entries.targets.filter((target, place) => target >= 0 && entries.edge(place) === NO_EDGE);
  return { entries, verdict: sets.close(own).verdict };
}

/** Bodies of other units or of this one, as a list of their own. */
export function entriesOf(unit: UnitCode, bodies: Iterable<number>): EntryList {
  const entries = new EntryList(unit);
  for (const body of bodies) entries.add(body, NO_EDGE, -1);
  return entries;
}

/** Where the code of a function went in one of its units, or whose code is in it. */
export function walk(
  graph: CodeGraph,
  unit: UnitCode,
  name: number,
  mode: WalkMode,
  direction: Direction,
): EntryList {
  const found = new Walked(unit, startNames(unit, name), direction);
  // The asked function is there also where no record mentions it.
  found.addTargets(name, NO_EDGE, -1);
  const plain = found.walk(found.nodesOf(found.names), sameBodyNodes(unit), mode);
  for (const node of plain.nodes) found.addNode(node, plain.via.get(node)!);
  if (unit.folded.length > 0 && found.isFolded(plain.nodes) && !found.isDiscarded(graph)) {
    addFolded(graph, found, plain.via, mode);
  }
  return found.entries;
}

/** What only folding leads to: in the code of a kept function, that of a folded one. */
function addFolded(graph: CodeGraph, found: Walked, plain: Via, mode: WalkMode): void {
  const { unit, names, direction } = found;
  const { links, same } = foldsOf(unit, direction);
  const along = alongFolds(links, names);
  const { nodes, via } = found.walk(found.nodesOf(along.keys()), same, mode);
  const asFolded = direction === 'affected' && hasEmitted(unit.row) ? graph : undefined;
  for (const [name, from] of along) {
    if (from >= 0) found.addFolded(name, found.placeOfName(from), asFolded);
  }
  for (const node of nodes) {
    if (plain.has(node)) continue;
    const edge = via.get(node)!;
    const name = unit.nodeName[node]!;
    if (edge >= 0) found.addNode(node, edge);
    else if (edge === -1) found.placeNode(node, found.placeOfName(name));
    else if (links.get(unit.nodeName[-2 - edge]!)?.includes(name)) {
      found.placeNode(node, found.addFolded(name, found.placeOfNode(-2 - edge), asFolded));
    } else found.addNode(node, edge);
  }
  // A folded function may have no record at all.
  for (const node of nodes) {
    for (const name of links.get(unit.nodeName[node]!) ?? []) {
      found.addFolded(name, found.placeOfNode(node), asFolded);
    }
  }
}

/** Collects the entries of one unit that walks reach. */
class Walked {
  readonly entries: EntryList;
  readonly unit: UnitCode;
  /** The names that a question by the asked one is about. */
  readonly names: readonly number[];
  readonly direction: Direction;
  /** Target -> place; of the unit's bodies in a column. */
  readonly #placeOf = new Map<number, number>();
  readonly #placeOfBody: Int32Array;
  readonly #placeOfNode: Int32Array;
  /** Emptied and filled again for each name. */
  readonly #found: number[] = [];

  constructor(unit: UnitCode, names: readonly number[], direction: Direction) {
    this.unit = unit;
    this.names = names;
    this.direction = direction;
    this.entries = new EntryList(unit);
    this.#placeOfBody = new Int32Array(unit.bodyCount).fill(-1);
    this.#placeOfNode = new Int32Array(unit.nodeName.length);
  }

  nodesOf(names: Iterable<number>): number[] {
    const nodes: number[] = [];
    for (const name of names) nodes.push(...nodesNamed(this.unit, name));
    return nodes.sort((a, b) => a - b);
  }

  walk(starts: readonly number[], same: SameBody, mode: WalkMode): Reached {
    return (this.direction === 'affected' ? walkForward : walkBackward)(this.unit, starts, same, mode);
  }

  /** Whether all that is there by now are weak definitions that lost: callers of the name never meant them. */
  isDiscarded(graph: CodeGraph): boolean {
    return this.entries.targets.every((one) => one >= 0 && graph.state(one) === State.discarded);
  }

  /** Whether folding leads anywhere from the asked names or from nodes that are reached without it. */
  isFolded(nodes: readonly number[]): boolean {
    const { folded, kept, nodeName } = this.unit;
    const from = this.direction === 'affected' ? folded : kept;
    return (
      this.names.some((name) => from.includes(name)) || nodes.some((node) => from.includes(nodeName[node]!))
    );
  }

  placeOfNode(node: number): number {
    return this.#placeOfNode[node]!;
  }

  placeNode(node: number, place: number): void {
    this.#placeOfNode[node] = place;
  }

  /** The place of a name's first target. */
  placeOfName(name: number): number {
    return Math.max(this.#placeOfTarget(this.#targetsOf(name)[0]!), 0);
  }

  addNode(node: number, edge: number): void {
    const from = this.direction === 'affected' ? this.unit.src : this.unit.dst;
    const origin = edge >= 0 ? this.#placeOfNode[from[edge]!]! : -1;
    this.#placeOfNode[node] = this.addTargets(this.unit.nodeName[node]!, edge >= 0 ? edge : NO_EDGE, origin);
  }

  addTargets(name: number, edge: number, origin: number): number {
    this.#found.length = 0;
    addBodiesNamed(this.#found, this.unit, name);
    if (this.#found.length === 0) this.#found.push(-1 - name);
    return this.#add(this.#found, edge, origin);
  }

  /** @param graph where the name's bodies stand for what was folded into them, and not for themselves */
  addFolded(name: number, origin: number, graph: CodeGraph | undefined): number {
    const own = this.#targetsOf(name);
    const known = own.find((target) => this.#placeOfTarget(target) >= 0);
    if (known !== undefined) return this.#placeOfTarget(known);
    const targets = graph ? own.map((target) => (target < 0 ? target : graph.asFolded(target))) : own;
    return this.#add(targets, FOLD_EDGE, origin);
  }

  #targetsOf(name: number): number[] {
    const targets: number[] = [];
    addBodiesNamed(targets, this.unit, name);
    if (targets.length === 0) targets.push(-1 - name);
    return targets;
  }

  #add(targets: readonly number[], edge: number, origin: number): number {
    for (const target of targets) {
      if (this.#placeOfTarget(target) >= 0) continue;
      const place = this.entries.add(target, edge, origin);
      const at = target - this.unit.base;
      if (at >= 0 && at < this.#placeOfBody.length) this.#placeOfBody[at] = place;
      else this.#placeOf.set(target, place);
    }
    return this.#placeOfTarget(targets[0]!);
  }

  #placeOfTarget(target: number): number {
    const at = target - this.unit.base;
    return at >= 0 && at < this.#placeOfBody.length
      ? this.#placeOfBody[at]!
      : (this.#placeOf.get(target) ?? -1);
  }
}
