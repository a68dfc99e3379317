import type { GraphReader } from '../index/graph-reader.js';
import { SymbolFlags } from '../index/unit-graph.js';
import type { UnitCode } from './unit-code.js';

/** Who refers to a name: asked of the index name by name, or read once for the whole build. */
export interface NameFacts {
  /** Calls of a name, by one unit or by all. */
  callers(name: number, unit: number | undefined, take: (unit: number, caller: number) => void): void;
  /** References that are no calls by a function. */
  references(name: number, take: (unit: number, kind: number) => void): void;
  /** Units whose objects have a function symbol of the name; local ones need not be told. */
  definers(name: number, take: (unit: number) => void): void;
  /** References to a unit's functions by code and data that belong to no unit: [name, kind]. */
  outside(unit: number): readonly (readonly [name: number, kind: number])[];
}

/** Asked of the index name by name, and where very many will be asked for, of all of them first. */
export class QueriedFacts implements NameFacts {
  readonly #graph: GraphReader;
  readonly #outside = new Map<number, [number, number][]>();
  readonly #definers = new Map<number, number[]>();
  /** Name -> units and callers in turn, of names that are expected; the same of kinds of references. */
  readonly #callers = new Map<number, number[]>();
  readonly #references = new Map<number, number[]>();

  constructor(graph: GraphReader) {
    this.#graph = graph;
  }

  /** Reads who refers to names that will be asked for. */
  expect(names: readonly number[]): void {
    const missing = names.filter((name) => !this.#callers.has(name));
    for (const name of missing) {
      this.#callers.set(name, []);
      this.#references.set(name, []);
    }
    this.#graph.callersOf(missing, (name, unit, caller) => this.#callers.get(name)!.push(unit, caller));
    this.#graph.referencesTo(missing, (name, unit, kind) => this.#references.get(name)!.push(unit, kind));
  }

  callers(name: number, unit: number | undefined, take: (unit: number, caller: number) => void): void {
    const known = this.#callers.get(name);
    if (!known) for (const [from, caller] of this.#graph.callers(name, unit)) take(from, caller);
    else {
      each(known, (from, caller) => {
        if (unit === undefined || from === unit) take(from, caller);
      });
    }
  }

  references(name: number, take: (unit: number, kind: number) => void): void {
    const known = this.#references.get(name);
    if (known) each(known, take);
    else for (const [unit, kind] of this.#graph.references(name)) take(unit, kind);
  }

  definers(name: number, take: (unit: number) => void): void {
    let units = this.#definers.get(name);
    if (!units) {
      units = this.#graph.unitsWithSymbol(name);
      this.#definers.set(name, units);
    }
    for (const unit of units) take(unit);
  }

  outside(unit: number): readonly [number, number][] {
    let found = this.#outside.get(unit);
    if (!found) {
      found = this.#graph.outside(unit);
      this.#outside.set(unit, found);
    }
    return found;
  }
}

function each(pairs: readonly number[], take: (first: number, second: number) => void): void {
  for (let at = 0; at < pairs.length; at += 2) take(pairs[at]!, pairs[at + 1]!);
}

/** Rows of (unit, value), found by a name. */
class ByName {
  readonly #start: Int32Array;
  readonly unit: Int32Array;
  readonly value: Int32Array;

  /** @param rows calls back with each row, twice in the same order: to count, and to place */
  constructor(rows: (take: (name: number, unit: number, value: number) => void) => void) {
    let most = 0;
    let count = 0;
    rows((name) => {
      count++;
      if (name > most) most = name;
    });
    const start = new Int32Array(most + 2);
    rows((name) => {
      start[name + 1]!++;
    });
    for (let name = 0; name <= most; name++) start[name + 1]! += start[name]!;
    const next = start.slice();
    this.#start = start;
    this.unit = new Int32Array(count);
    this.value = new Int32Array(count);
    rows((name, unit, value) => {
      const at = next[name]!++;
      this.unit[at] = unit;
      this.value[at] = value;
    });
  }

  each(name: number, take: (unit: number, value: number) => void): void {
    const end = this.#start[name + 1] ?? 0;
    for (let at = this.#start[name] ?? 0; at < end; at++) take(this.unit[at]!, this.value[at]!);
  }
}

export class BuildFacts implements NameFacts {
  readonly #callers: ByName;
  readonly #references: ByName;
  readonly #definers: ByName;
  readonly #outside = new Map<number, [number, number][]>();

  constructor(graph: GraphReader, units: readonly UnitCode[]) {
    this.#callers = new ByName((take) => {
      for (const { row, caller, callee } of units) {
        const { id } = row;
        for (let call = 0; call < callee.length; call++) take(callee[call]!, id, caller[call]!);
      }
    });
    const references = graph.allReferences();
    this.#references = new ByName((take) => {
      for (let i = 0; i < references.unit.length; i++) {
        take(references.target[i]!, references.unit[i]!, references.kind[i]!);
      }
    });
    this.#definers = new ByName((take) => {
      for (const { row, symbolName, symbolFlags } of units) {
        for (let symbol = 0; symbol < symbolName.length; symbol++) {
          if (!SymbolFlags.isLocal(symbolFlags[symbol]!)) take(symbolName[symbol]!, row.id, 0);
        }
      }
    });
    for (const [unit, name, kind] of graph.allOutside()) {
      const known = this.#outside.get(unit);
      if (known) known.push([name, kind]);
      else this.#outside.set(unit, [[name, kind]]);
    }
  }

  callers(name: number, unit: number | undefined, take: (unit: number, caller: number) => void): void {
    this.#callers.each(name, (from, caller) => {
      if (unit === undefined || from === unit) take(from, caller);
    });
  }

  references(name: number, take: (unit: number, kind: number) => void): void {
    this.#references.each(name, take);
  }

  definers(name: number, take: (unit: number) => void): void {
    this.#definers.each(name, take);
  }

  outside(unit: number): readonly [number, number][] {
    return this.#outside.get(unit) ?? NOTHING;
  }
}

const NOTHING: readonly [number, number][] = [];
