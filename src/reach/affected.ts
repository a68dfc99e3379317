import { INLINING } from '../dump/record.js';
import type { IndexReader, NodeRow, SymbolRow, UnitEdges, UnitFilter, UnitRow } from '../index/reader.js';
import { type Definition, findDefinitions } from './definitions.js';
import type { SymbolSpec } from './symbol-spec.js';
import { type Reached, type WalkMode, walkBackward, walkForward } from './walk.js';

/**
 * What a livepatch has to do with a function:
 * `patch` it can be replaced by name; `clone` it is emitted, but as a clone that no source function can replace, so that
 * its callers are to be replaced; `gone` no symbol, its code lives on only in its hosts; `unverified` no object tells
 * whether it exists.
 */
export type FunctionClass = 'patch' | 'clone' | 'gone' | 'unverified';

export const CLASSES: readonly FunctionClass[] = ['patch', 'clone', 'unverified', 'gone'];

/** The last step of the chain that leads to a function. */
export interface Step {
  /** The function before, as its place in the unit's list. */
  readonly from: number;
  /** `inlining to`, or the suffix of the clone. */
  readonly kind: string;
  /** The dump's line, counted from 1. */
  readonly seq: number;
}

/** A function of one unit. */
export interface UnitFunction {
  readonly name: string;
  /** Where it is declared; normal. */
  readonly file: string;
  readonly line: number;
  readonly class: FunctionClass;
  /** Whether a clone record made it, so that its signature may be another than the source's. */
  readonly clone: boolean;
  /** Whether the class rests on the object, not on the dump's removal records. */
  readonly verified: boolean;
  /** Its symbol in the unit's object. */
  readonly symbol?: SymbolRow;
  /** Undefined for the function that was asked for. */
  readonly step?: Step;
}

/** What is reached in one unit, the asked function first, each after the one its step comes from. */
export interface UnitReach {
  readonly unit: UnitRow;
  readonly functions: readonly UnitFunction[];
}

/** The answer for one function that a symbol can mean. */
export interface ReachAnswer {
  readonly spec: SymbolSpec;
  readonly definition: Definition;
  readonly units: readonly UnitReach[];
}

/** A question about where code goes: to the hosts of the function, or from the functions inside it. */
export interface ReachQuestion {
  readonly filter: UnitFilter;
  readonly mode: WalkMode;
  readonly direction: 'affected' | 'inlined';
}

/**
 * Every function that a change of the symbol's function reaches (DOMAIN: affected), or whose code it contains, one
 * answer for each function that the symbol can mean.
 *
 * @throws InputError for a symbol that the index does not have
 */
export function ask(index: IndexReader, spec: SymbolSpec, question: ReachQuestion): ReachAnswer[] {
  return findDefinitions(index, spec, question.filter).map((definition) => ({
    spec,
    definition,
    units: [...definition.units].map(([unit, starts]) =>
      reachInUnit(index, definition, unit, starts, question),
    ),
  }));
}

function reachInUnit(
  index: IndexReader,
  definition: Definition,
  unitId: number,
  starts: readonly number[],
  question: ReachQuestion,
): UnitReach {
  const unit = index.unit(unitId);
  if (starts.length === 0) return { unit, functions: [onlyInObject(index, definition, unit)] };
  const edges = index.edges(unitId);
  const walk = question.direction === 'affected' ? walkForward : walkBackward;
  return {
    unit,
    functions: new UnitNodes(index, unit, edges).functions(walk(edges, starts, question.mode), question),
  };
}

/** Names the nodes of one unit and tells what became of them. */
class UnitNodes {
  readonly #index: IndexReader;
  readonly #unit: UnitRow;
  readonly #edges: UnitEdges;
  /** Nodes that a clone record made -> the edge that says so. */
  readonly #clones = new Map<number, number>();
  readonly #rows = new Map<number, NodeRow>();

  constructor(index: IndexReader, unit: UnitRow, edges: UnitEdges) {
    this.#index = index;
    this.#unit = unit;
    this.#edges = edges;
    for (let edge = 0; edge < edges.kind.length; edge++) {
      if (index.kind(edges.kind[edge]!) !== INLINING) this.#clones.set(edges.dst[edge]!, edge);
    }
  }

  /** One entry a name: what is emitted and patched is a name, however many nodes it has. */
  functions(reached: Reached, question: ReachQuestion): UnitFunction[] {
    const functions: UnitFunction[] = [];
    const placeOf = new Map<number, number>();
    const placeOfName = new Map<number, number>();
    for (const id of reached.nodes) {
      const node = this.#node(id);
      const known = placeOfName.get(node.nameId);
      const edge = reached.via.get(id)!;
      placeOf.set(id, known ?? functions.length);
      if (known !== undefined) continue;
      placeOfName.set(node.nameId, functions.length);
      const described = this.#describe(node);
      if (edge < 0) {
        functions.push(described);
        continue;
      }
      const from = question.direction === 'affected' ? this.#edges.src[edge]! : this.#edges.dst[edge]!;
      const kind = this.#index.kind(this.#edges.kind[edge]!);
      functions.push({ ...described, step: { from: placeOf.get(from)!, kind, seq: this.#edges.seq[edge]! } });
    }
    return functions;
  }

  #describe(node: NodeRow): UnitFunction {
    const { name, file, line } = node;
    const clone = this.#isClone(node);
    const verified = this.#unit.object === 'read';
    const symbol = verified ? this.#index.symbol(this.#unit.id, node.nameId) : undefined;
    const present = verified ? symbol !== undefined : !node.removed;
    const kind = !present ? 'gone' : !verified ? 'unverified' : clone ? 'clone' : 'patch';
    return { name, file, line, class: kind, clone, verified, ...(symbol && { symbol }) };
  }

  /** A body saved or versioned under its own name (`(null)`) is still the function of that name. */
  #isClone(node: NodeRow): boolean {
    const edge = this.#clones.get(node.id);
    return edge !== undefined && this.#node(this.#edges.src[edge]!).nameId !== node.nameId;
  }

  #node(id: number): NodeRow {
    let row = this.#rows.get(id);
    if (!row) {
      row = this.#index.node(this.#unit.id, id);
      this.#rows.set(id, row);
    }
    return row;
  }
}

function onlyInObject(index: IndexReader, definition: Definition, unit: UnitRow): UnitFunction {
  const { name, file, line } = definition;
  const symbol = index.symbol(unit.id, definition.nameId);
  return { name, file, line, class: 'patch', clone: false, verified: true, ...(symbol && { symbol }) };
}

/** The chain to a function: the asked one first. */
export function chainTo(functions: readonly UnitFunction[], place: number): UnitFunction[] {
  const chain = [functions[place]!];
  for (let step = chain[0]!.step; step; step = chain.at(-1)!.step) chain.push(functions[step.from]!);
  return chain.reverse();
}
