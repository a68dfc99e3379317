import type { Member, ReachAnswer, UnitAnswer } from '../../src/reach/answer.js';
import type { ReachReport } from '../../src/report/reach-report.js';
import { A } from '../audit/facts.js';

/** What mm/a.c has of an answer, complete unless said otherwise. */
export function unitAnswer(members: readonly Member[], more: Partial<UnitAnswer> = {}): UnitAnswer {
  return { unit: members[0]?.unit ?? A, members, verdict: 'patch', unknowns: [], ...more };
}

/** The answer for a function of mm/a.c. */
export function answer(
  name: string,
  units: readonly UnitAnswer[],
  more: Partial<ReachAnswer['definition']> = {},
): ReachAnswer {
  return {
    spec: { text: name, name },
    definition: {
      name,
      nameId: 1,
      build: 'b',
      file: 'mm/a.c',
      line: 7,
      assumed: false,
      fragmentOf: null,
      units: units.map(({ unit }) => unit.id),
      ...more,
    },
    units,
  };
}

export const PROVENANCE = { version: '9.9.9', builds: [{ name: 'b', identity: 'cafe' }] };

export function report(...answers: readonly ReachAnswer[]): ReachReport {
  return { direction: 'affected', mode: 'ordered', why: false, answers, provenance: PROVENANCE };
}

export function text(pieces: Iterable<string>): string {
  return [...pieces].join('');
}
