import type { IndexReader } from '../index/reader.js';
import type { ReachAnswer, ReachQuestion, UnitAnswer } from './answer.js';
import { CodeGraph } from './code-graph.js';
import { type Definition, definitionsNamed, findDefinitions } from './definitions.js';
import { describe } from './describe.js';
import { closeOver, insideOf, walk } from './entries.js';
import { PatchSets } from './patch-set.js';
import type { SymbolSpec } from './symbol-spec.js';
import { unknownsOf } from './unknowns.js';

/** Answers questions about where code goes, of any number of builds of one index; what it reads is kept. */
export class Reach {
  readonly index: IndexReader;
  readonly #sets = new Map<string, PatchSets>();

  constructor(index: IndexReader) {
    this.index = index;
  }

  /** A build's patch sets: one for all questions. */
  sets(build: string): PatchSets {
    let sets = this.#sets.get(build);
    if (!sets) {
      sets = new PatchSets(new CodeGraph(this.index, build));
      this.#sets.set(build, sets);
    }
    return sets;
  }

  /**
   * The patch set of the symbol's function, or every function whose code it contains; one answer for each function that
   * the symbol can mean.
   *
   * @throws InputError for a symbol that the index does not have
   */
  ask(spec: SymbolSpec, question: ReachQuestion): ReachAnswer[] {
    return this.answers(spec, question, findDefinitions(this.index, spec, question.filter));
  }

  /** The same for a symbol that need not be there: no answers where the index does not have it. */
  askIfKnown(spec: SymbolSpec, question: ReachQuestion): ReachAnswer[] {
    return this.answers(spec, question, definitionsNamed(this.index, spec, question.filter));
  }

  answers(spec: SymbolSpec, question: ReachQuestion, definitions: readonly Definition[]): ReachAnswer[] {
    return definitions.map((definition) => ({ spec, definition, units: this.#answer(definition, question) }));
  }

  #answer(definition: Definition, { direction, mode }: ReachQuestion): UnitAnswer[] {
    const sets = this.sets(definition.build);
    const { graph } = sets;
    graph.expect(definition.units.length);
    const walks = definition.units.map((id) =>
      walk(graph, graph.unit(id), definition.nameId, mode, direction),
    );
    const drafts = walks.map((entries) => (direction === 'affected' ? closeOver : insideOf)(sets, entries));
    const lists = drafts.map(({ entries }) => entries);
    const members = describe(this.index, sets, definition.nameId, lists);
    return drafts.map(({ entries: { unit }, verdict }, at) => ({
      unit: unit.row,
      members: members[at]!,
      verdict,
      unknowns: unknownsOf(this.index, unit, members[at]!, direction, definition),
    }));
  }
}
