import { INLINING } from '../dump/record.js';
import type { IndexReader, NodeRow, UnitEdges, UnitRow } from '../index/reader.js';
import type { Definition } from './definitions.js';
import {
  blockedReason,
  CALL,
  type FunctionClass,
  type OpenQuestion,
  type Step,
  type UnitFunction,
  type UnitReach,
} from './unit-function.js';
import { type Reached, type WalkMode, walkBackward, walkForward } from './walk.js';

/** What there is to say of a function before its place in a list is known. */
interface Named {
  readonly nameId: number;
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly clone: boolean;
  /** Whether removal records name every node of it. */
  readonly removed: boolean;
}

/** The functions of one unit, and what becomes of them. */
export class UnitFunctions {
  readonly #index: IndexReader;
  readonly #unit: UnitRow;
  #edges: UnitEdges | undefined;
  #clones: Map<number, number> | undefined;
  #unremoved: ReadonlySet<number> | undefined;
  readonly #rows = new Map<number, NodeRow>();

  constructor(index: IndexReader, unit: UnitRow) {
    this.#index = index;
    this.#unit = unit;
  }

  /** The patch set of a function (DOMAIN: patch set), with the chain to each of its members. */
  affectedBy(definition: Definition, starts: readonly number[], mode: WalkMode): UnitReach {
    if (starts.length === 0) return this.#onlyInObject(definition);
    const list = this.#list(walkForward(this.#loadEdges(), starts, mode), 'src');
    return { unit: this.#unit, ...list.withCallers() };
  }

  /** The functions whose code is in a function. */
  insideOf(definition: Definition, starts: readonly number[], mode: WalkMode): UnitReach {
    if (starts.length === 0) return this.#onlyInObject(definition);
    const list = this.#list(walkBackward(this.#loadEdges(), starts, mode), 'dst');
    return { unit: this.#unit, functions: list.functions, open: [] };
  }

  /** A function of the unit by its name, as the end of a chain. */
  byName(nameId: number, name: string, step?: Step): UnitFunction {
    return this.#describe(this.#named(nameId, name), step);
  }

  #onlyInObject(definition: Definition): UnitReach {
    const { nameId, name, file, line } = definition;
    const described = this.#describe({ nameId, name, file, line, clone: false, removed: false });
    return { unit: this.#unit, functions: [described], open: [] };
  }

  /** One entry a name: what is emitted and replaced is a name, however many nodes it has. */
  #list(reached: Reached, towards: 'src' | 'dst'): FunctionList {
    const list = new FunctionList(this, this.#index, this.#unit);
    const edges = this.#loadEdges();
    const placeOf = new Map<number, number>();
    for (const id of reached.nodes) {
      const node = this.#node(id);
      const known = list.placeOf(node.nameId);
      if (known === undefined) {
        const edge = reached.via.get(id)!;
        const step =
          edge < 0
            ? undefined
            : {
                from: placeOf.get(edges[towards][edge]!)!,
                kind: this.#index.kind(edges.kind[edge]!),
                seq: edges.seq[edge]!,
              };
        const named = { ...node, clone: this.#isClone(node), removed: this.#allRemoved(node) };
        placeOf.set(id, list.add(node.nameId, this.#describe(named, step)));
      } else {
        placeOf.set(id, known);
      }
    }
    return list;
  }

  #describe(named: Named, step?: Step): UnitFunction {
    const { name, file, line, clone, nameId } = named;
    const unit = this.#unit;
    const common = { name, file, line, clone, ...(step && { step }) };
    if (unit.object !== 'read') {
      return { ...common, class: named.removed ? 'gone' : 'unverified', verified: false, aliases: [] };
    }
    const symbol = this.#index.symbol(unit.id, nameId);
    if (!symbol) return { ...common, class: 'gone', verified: true, aliases: [] };
    const place = this.#index.place(unit.id, nameId);
    const blocked = clone ? undefined : blockedReason(unit, symbol, place);
    const kind: FunctionClass = clone ? 'clone' : blocked === undefined ? 'patch' : 'blocked';
    return {
      ...common,
      class: kind,
      ...(blocked !== undefined && { blocked }),
      verified: true,
      symbol,
      ...(place && { place }),
      aliases: this.#index.aliases(unit.id, nameId, symbol),
    };
  }

  /** One removed node of a name says nothing of the name's others, which may be what is emitted. */
  #allRemoved(node: NodeRow): boolean {
    if (!node.removed || this.#unit.object === 'read') return node.removed;
    this.#unremoved ??= this.#index.unremovedNames(this.#unit.id);
    return !this.#unremoved.has(node.nameId);
  }

  #named(nameId: number, name: string): Named {
    const nodes = this.#index.nodesNamed(this.#unit.id, nameId).map((id) => this.#node(id));
    const [first] = nodes;
    if (!first) return { nameId, name, file: '', line: 0, clone: false, removed: false };
    return {
      ...first,
      clone: nodes.every((node) => this.#isClone(node)),
      removed: nodes.every((node) => node.removed),
    };
  }

  /** A body saved or versioned under its own name (`(null)`) is still the function of that name. */
  #isClone(node: NodeRow): boolean {
    if (!this.#clones) {
      const edges = this.#loadEdges();
      this.#clones = new Map();
      for (let edge = 0; edge < edges.kind.length; edge++) {
        if (this.#index.kind(edges.kind[edge]!) !== INLINING) this.#clones.set(edges.dst[edge]!, edge);
      }
    }
    const edge = this.#clones.get(node.id);
    return edge !== undefined && this.#node(this.#loadEdges().src[edge]!).nameId !== node.nameId;
  }

  #loadEdges(): UnitEdges {
    this.#edges ??= this.#index.edges(this.#unit.id);
    return this.#edges;
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

/** An answer's functions while it grows: each name once. */
class FunctionList {
  readonly functions: UnitFunction[] = [];
  readonly #unitFunctions: UnitFunctions;
  readonly #index: IndexReader;
  readonly #unit: UnitRow;
  readonly #places = new Map<number, number>();
  readonly #nameIds: number[] = [];

  constructor(unitFunctions: UnitFunctions, index: IndexReader, unit: UnitRow) {
    this.#unitFunctions = unitFunctions;
    this.#index = index;
    this.#unit = unit;
  }

  placeOf(nameId: number): number | undefined {
    return this.#places.get(nameId);
  }

  add(nameId: number, f: UnitFunction): number {
    const place = this.functions.length;
    this.#places.set(nameId, place);
    this.#nameIds.push(nameId);
    this.functions.push(f);
    return place;
  }

  /** Adds who calls the emitted clones, and, where such a caller is a clone itself, who calls that, and so on. */
  withCallers(): { functions: readonly UnitFunction[]; open: readonly OpenQuestion[] } {
    const open: OpenQuestion[] = [];
    for (let place = 0; place < this.functions.length; place++) {
      const f = this.functions[place]!;
      if (!f.clone || f.class === 'gone') continue;
      const callers = this.#index.callers(this.#unit.id, this.#nameIds[place]!);
      const why = this.#whyOpen(f, callers.filter(({ name }) => name !== f.name).length);
      if (why !== undefined) open.push({ clone: f.name, why });
      for (const { nameId, name } of callers) {
        if (this.#places.has(nameId)) continue;
        this.add(nameId, this.#unitFunctions.byName(nameId, name, { from: place, kind: CALL, seq: null }));
      }
    }
    return { functions: this.functions, open };
  }

  #whyOpen(clone: UnitFunction, callers: number): string | undefined {
    switch (this.#unit.calls) {
      case 'not asked':
        return 'calls were not read';
      case 'missing':
        return 'no .ci file beside the dump; build with -fcallgraph-info or index with --calls objdump';
      case 'corrupt':
        return 'its call graph cannot be read';
      default:
        if (clone.symbol && clone.symbol.binding !== 'local')
          return 'it is a global symbol, so other units can call it';
        return callers === 0
          ? 'nothing in its unit calls it directly: it is used by its address, or not at all'
          : undefined;
    }
  }
}

/** The chain to a function: the asked one first. */
export function chainTo(functions: readonly UnitFunction[], place: number): UnitFunction[] {
  const chain = [functions[place]!];
  for (let step = chain[0]!.step; step; step = chain.at(-1)!.step) chain.push(functions[step.from]!);
  return chain.reverse();
}
