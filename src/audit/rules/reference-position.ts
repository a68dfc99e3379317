import type { Rule } from '../finding.js';
import { checked, referenceAbout } from './reference.js';
import { describeCandidates } from './target.js';

/** The kernel counts positions from 1. */
export const referencePosition: Rule = {
  id: 'reference-position',
  severity: 'error',
  summary: 'The livepatch refers to a position past the last symbol of the name',
  *check(facts) {
    for (const reference of checked(facts)) {
      const { candidates, symbol, said, object } = reference;
      if (said.position === 0 || candidates.length === 0 || symbol) continue;
      yield {
        ...referenceAbout(reference),
        message: `${object} has no ${said.name} at position ${said.position}: ${describeCandidates(candidates)}`,
        remedy: `use a position from 1 to ${candidates.length}`,
      };
    }
  },
};
