import type { IndexReader, UnitFilter } from '../index/reader.js';

/** Why an answer may lack something: a dump that lost records can hide a host of any function. */
export interface Caveat {
  readonly unit: string;
  readonly build: string;
  readonly what: string;
}

/**
 * The incomplete units that an answer could rest on. Any unit of the build can hold a copy of any function (of a
 * header, say), so each of them counts for every question.
 */
export function caveatsOf(index: IndexReader, filter: UnitFilter): Caveat[] {
  const problems = index.problems(filter);
  return index.incompleteUnits(filter).map(({ build, path }) => {
    const own = problems.filter((p) => p.build === build && p.unit === path && p.line !== null);
    const first = own[0];
    const more = own.length > 1 ? ` and ${own.length - 1} more` : '';
    return {
      unit: path,
      build,
      what: first ? `${first.file}:${first.line}: ${first.what}${more}` : 'records are missing',
    };
  });
}
