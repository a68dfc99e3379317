import type { Rule } from '../finding.js';
import { referenceAbout } from './reference.js';

/** An annotation without a use does nothing, and is often a misspelt one. */
export const referenceUnused: Rule = {
  id: 'reference-unused',
  severity: 'warning',
  summary: 'Nothing in the livepatch uses what an annotation is for',
  *check({ references }) {
    for (const reference of references) {
      if (reference.said.used !== false || reference.said.how === 'undefined') continue;
      yield {
        ...referenceAbout(reference),
        message: `nothing uses ${reference.said.name}`,
        remedy: 'drop the annotation, or check its name',
      };
    }
  },
};
