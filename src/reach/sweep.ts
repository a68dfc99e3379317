/**
 * Every function's patch set of a build, unit by unit: the same definition as of a single question (PatchSets), reached
 * from the other end. One pass over a unit's edges, last first, gives each node the set of what it reaches.
 */
import { SymbolFlags } from '../graph/unit-graph.js';
import { bodiesNamed, State } from '../graph/unit-symbols.js';
import { UNDECIDED_SOURCE } from '../index/rows.js';
import { Role } from '../symbols/bodies.js';
import type { CodeGraph } from './code-graph.js';
import { walk } from './entries.js';
import type { PatchSets, Verdict } from './patch-set.js';
import { startNames } from './start-names.js';
import type { UnitCode } from './unit-code.js';
import { nodesByName, sameBodyNodes } from './unit-walk.js';

/** The patch set of one function of one unit. */
export interface SweptFunction {
  /** Id of the name that was asked for. */
  readonly name: number;
  /** Emitted bodies of affected(F) in the unit. */
  readonly bodies: readonly number[];
  /** Names of affected(F) that have no symbol: their code lives on only in its hosts. */
  readonly gone: readonly number[];
  /** The closed set. */
  readonly members: ArrayLike<number> & Iterable<number>;
  readonly verdict: Verdict;
}

export interface SweptUnit {
  readonly unit: UnitCode;
  readonly functions: Iterable<SweptFunction>;
}

/** More memory for a unit's sets than this, in 32-bit words, and its functions are walked one by one instead. */
const MOST_WORDS = 2 ** 23;

/** Each unit of the build in the order of its index; what a unit gives has to be used before the next is asked for. */
export function* sweep(sets: PatchSets): Generator<SweptUnit> {
  const { graph } = sets;
  graph.loadAll();
  for (const id of graph.unitIds()) {
    const unit = graph.unit(id);
    if (unit.row.source === UNDECIDED_SOURCE) continue;
    yield { unit, functions: sweepUnit(sets, unit) };
  }
}

function* sweepUnit(sets: PatchSets, unit: UnitCode): Generator<SweptFunction> {
  const targets = new Targets(unit);
  const names = functionNames(sets.graph, unit, targets);
  // All that a walk can start from, before the sets get their size.
  for (const name of unit.symbolName) targets.of(name);
  for (const name of unit.folded) targets.of(name);
  const words = (targets.list.length + 31) >> 5;
  const isSmall = unit.nodeName.length * words <= MOST_WORDS;
  const reach = isSmall ? bySets(unit, targets, words) : () => undefined;
  for (const name of names) {
    const { bodies, gone } = reach(name) ?? byWalk(sets.graph, unit, name);
    yield { name, bodies, gone, ...sets.closeShared(bodies) };
  }
}

/** Functions of a source that the unit's dump, call graph or object names: no clones, fragments or trampolines. */
function functionNames(graph: CodeGraph, unit: UnitCode, targets: Targets): Set<number> {
  const { symbolName, symbolBody, symbolFlags, cloneNames, folded } = unit;
  const names = new Set(targets.names());
  const inSource = new Set<number>(targets.list);
  // Only GCC's call graph tells a source's functions from those that inline assembly makes.
  const isTold = unit.row.calls === 'ci';
  for (let symbol = 0; symbol < symbolName.length; symbol++) {
    const role = SymbolFlags.role(symbolFlags[symbol]!);
    const isOwn = role === Role.function || role === Role.linkerScript;
    if (isOwn && (!isTold || inSource.has(symbolBody[symbol]!))) names.add(symbolName[symbol]!);
  }
  for (const name of folded) names.add(name);
  for (const name of cloneNames) names.delete(name);
  for (const name of names) {
    if (bodiesNamed(unit, name).some((body) => graph.state(body) === State.trampoline)) names.delete(name);
  }
  return names;
}

interface Reached {
  readonly bodies: number[];
  readonly gone: number[];
}

/** What a walk in a unit can reach: bodies, and names that have none. */
class Targets {
  readonly #unit: UnitCode;
  readonly #placesOf = new Map<number, readonly number[]>();
  readonly #placeOf = new Map<number, number>();
  /** Bodies as they are, names without one as `-1 - name`. */
  readonly list: number[] = [];

  constructor(unit: UnitCode) {
    this.#unit = unit;
    for (const name of unit.nodeName) this.of(name);
  }

  /** The nodes' names. */
  names(): Iterable<number> {
    return this.#placesOf.keys();
  }

  /** Places in `list` of what a name stands for. */
  of(name: number): readonly number[] {
    let places = this.#placesOf.get(name);
    if (!places) {
      const bodies = bodiesNamed(this.#unit, name);
      places = bodies.length === 0 ? [this.#place(-1 - name)] : bodies.map((body) => this.#place(body));
      this.#placesOf.set(name, places);
    }
    return places;
  }

  #place(target: number): number {
    let place = this.#placeOf.get(target);
    if (place === undefined) {
      place = this.list.length;
      this.#placeOf.set(target, place);
      this.list.push(target);
    }
    return place;
  }

  add(place: number, to: Reached): void {
    addTarget(this.list[place]!, to);
  }
}

/** @returns what a name reaches, but for one that reaches something that was folded: undefined */
function bySets(unit: UnitCode, targets: Targets, words: number): (name: number) => Reached | undefined {
  const { nodeName, src, dst, folded } = unit;
  const row = rowsOf(unit);
  const sets = new Int32Array(nodeName.length * words);
  for (let node = 0; node < nodeName.length; node++) {
    for (const place of targets.of(nodeName[node]!))
      sets[row[node]! * words + (place >> 5)]! |= 1 << (place & 31);
  }
  for (let edge = src.length - 1; edge >= 0; edge--) {
    const to = row[src[edge]!]! * words;
    const from = row[dst[edge]!]! * words;
    if (to !== from) for (let word = 0; word < words; word++) sets[to + word]! |= sets[from + word]!;
  }
  const nodesOf = nodesByName(unit);
  const union = new Int32Array(words);
  const ofFolded = new Int32Array(words);
  for (const name of folded) {
    for (const place of targets.of(name)) ofFolded[place >> 5]! |= 1 << (place & 31);
  }
  return (name) => {
    union.fill(0);
    for (const start of startNames(unit, name)) {
      for (const place of targets.of(start)) union[place >> 5]! |= 1 << (place & 31);
      for (const node of nodesOf.get(start) ?? []) {
        const from = row[node]! * words;
        for (let word = 0; word < words; word++) union[word]! |= sets[from + word]!;
      }
    }
    if (folded.length > 0 && union.some((bits, word) => (bits & ofFolded[word]!) !== 0)) return undefined;
    const reached: Reached = { bodies: [], gone: [] };
    for (let word = 0; word < words; word++) {
      for (let bits = union[word]!; bits !== 0; bits &= bits - 1) {
        targets.add(word * 32 + 31 - Math.clz32(bits & -bits), reached);
      }
    }
    return reached;
  };
}

/** Nodes of one body's several names share a row. */
function rowsOf(unit: UnitCode): Int32Array {
  const row = Int32Array.from(unit.nodeName.keys());
  const root = (node: number) => {
    let at = node;
    while (row[at] !== at) at = row[at]!;
    return at;
  };
  const same = sameBodyNodes(unit);
  for (const [node, others] of same) for (const other of others) row[root(other)] = root(node);
  for (const node of same.keys()) row[node] = root(node);
  return row;
}

function byWalk(graph: CodeGraph, unit: UnitCode, name: number): Reached {
  const reached: Reached = { bodies: [], gone: [] };
  for (const target of walk(graph, unit, name, 'ordered', 'affected').targets) addTarget(target, reached);
  return reached;
}

function addTarget(target: number, { bodies, gone }: Reached): void {
  if (target < 0) gone.push(-1 - target);
  else bodies.push(target);
}
