import { expect, test } from 'vitest';
import { SymbolFlags } from '../../src/graph/unit-graph.js';
import { bodiesNamed, findName, State } from '../../src/graph/unit-symbols.js';
import type { CodeGraph } from '../../src/reach/code-graph.js';
import type { UnitCode } from '../../src/reach/unit-code.js';
import type { Corpus } from '../helpers/corpus.js';
import { truthLines } from '../helpers/truth.js';
import { type Kernel, MINUTE } from './kernel.js';

/** What names stand for, after linking: of the unit itself, else of any that a reference can mean. */
class Linked {
  readonly #graph: CodeGraph;
  /** Name -> bodies, of global ones that did not lose. */
  readonly #globals = new Map<number, number[]>();

  constructor(graph: CodeGraph) {
    this.#graph = graph;
    for (const id of graph.unitIds()) {
      const { symbolName, symbolFlags, symbolBody } = graph.unit(id);
      symbolName.forEach((name, symbol) => {
        const flags = symbolFlags[symbol]!;
        if (SymbolFlags.isLocal(flags) || SymbolFlags.isLost(flags)) return;
        this.#globals.set(name, [...(this.#globals.get(name) ?? []), symbolBody[symbol]!]);
      });
    }
  }

  own(unit: UnitCode, name: number): number[] {
    const found: number[] = [];
    for (let symbol = findName(unit, name); symbol >= 0 && unit.symbolName[symbol] === name; symbol++) {
      if (!SymbolFlags.isLost(unit.symbolFlags[symbol]!)) found.push(unit.symbolBody[symbol]!);
    }
    return found;
  }

  any(unit: UnitCode, name: number): readonly number[] {
    const own = this.own(unit, name);
    return own.length > 0 ? own : (this.#globals.get(name) ?? []);
  }

  calls(caller: readonly number[], callee: readonly number[]): boolean {
    return callee.some((body) => this.#graph.callers(body).some((one) => caller.includes(one)));
  }
}

function discarded(graph: CodeGraph, unit: UnitCode, names: readonly number[]): boolean {
  const bodies = names.flatMap((name) => bodiesNamed(unit, name));
  return bodies.length > 0 && bodies.every((body) => graph.state(body) === State.discarded);
}

export function callTests(corpus: Corpus, kernel: () => Kernel): void {
  test('every call that the compiler’s own debug information proves is in the graph, or cannot be', {
    timeout: 5 * MINUTE,
  }, () => {
    const { sets, units, index } = kernel();
    const { graph } = sets;
    graph.loadAll();
    const linked = new Linked(graph);
    const assembly = new Set(
      kernel()
        .query("SELECT name FROM image_symbols WHERE object = 'vmlinux' AND type = 'func' AND unit IS NULL")
        .map(({ name }) => name),
    );
    const counts: Record<string, number> = {};
    const missing: string[] = [];
    const classOf = (path: string, caller: string, called: string): string => {
      const unit = graph.unit(units.get(path)!);
      const ids = (names: string) => names.split(',').flatMap((name) => index.nameId(name) ?? []);
      const from = ids(caller).flatMap((name) => linked.own(unit, name));
      const to = ids(called).flatMap((name) => [...linked.any(unit, name)]);
      if (linked.calls(from, to)) return 'in the graph';
      if (from.length === 0 && discarded(graph, unit, ids(caller))) return 'by a weak definition that lost';
      // The sources do not say what a pointer points to.
      if (called === '-' || /^__x86_indirect_thunk_/.test(called)) return 'through a pointer';
      if (to.length === 0 && assembly.has(called)) return 'of assembly, which is no body of a unit';
      if (from.some((body) => to.includes(body))) return 'of the function itself, which is no caller';
      return 'missing';
    };
    for (const [path, caller, , called] of truthLines(corpus, 'calls2.tsv.zst') as string[][]) {
      const found = classOf(path!, caller!, called!);
      counts[found] = (counts[found] ?? 0) + 1;
      if (found === 'missing') missing.push(`${path} ${caller} -> ${called}`);
    }
    console.log(`calls that DWARF knows: ${JSON.stringify(counts)}`);
    expect(missing.slice(0, 20)).toEqual([]);
    expect(counts).toEqual({
      'in the graph': 32_022,
      'through a pointer': 981,
      'of assembly, which is no body of a unit': 410,
      'of the function itself, which is no caller': 15,
      'by a weak definition that lost': 15,
    });
  });
}
