import type { IndexReader, UnitFilter } from '../index/reader.js';
import { type Definition, definitionsNamed, findDefinitions } from './definitions.js';
import type { SymbolSpec } from './symbol-spec.js';
import type { UnitReach } from './unit-function.js';
import { UnitFunctions } from './unit-functions.js';
import type { WalkMode } from './walk.js';

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
 * Every function that a change of the symbol's function reaches, with the callers that stand in for clones (the patch
 * set), or every function whose code it contains; one answer for each function that the symbol can mean.
 *
 * @throws InputError for a symbol that the index does not have
 */
export function ask(index: IndexReader, spec: SymbolSpec, question: ReachQuestion): ReachAnswer[] {
  return answers(index, spec, question, findDefinitions(index, spec, question.filter));
}

/** The same for a symbol that need not be there: no answers where the index does not have it. */
export function askIfKnown(index: IndexReader, spec: SymbolSpec, question: ReachQuestion): ReachAnswer[] {
  return answers(index, spec, question, definitionsNamed(index, spec, question.filter));
}

function answers(
  index: IndexReader,
  spec: SymbolSpec,
  question: ReachQuestion,
  definitions: readonly Definition[],
): ReachAnswer[] {
  return definitions.map((definition) => ({
    spec,
    definition,
    units: [...definition.units].map(([unit, starts]) => {
      const functions = new UnitFunctions(index, index.unit(unit));
      return question.direction === 'affected'
        ? functions.affectedBy(definition, starts, question.mode)
        : functions.insideOf(definition, starts, question.mode);
    }),
  }));
}
