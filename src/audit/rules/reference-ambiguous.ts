import type { Rule } from '../finding.js';
import { annotation, checked, referenceAbout } from './reference.js';
import { describeCandidates } from './target.js';

/** Position 0 says "the only one", and there are more. */
export const referenceAmbiguous: Rule = {
  id: 'reference-ambiguous',
  severity: 'error',
  summary: 'The livepatch refers to a name that its object has more than once, and says no position',
  *check(facts) {
    for (const reference of checked(facts)) {
      const { candidates, suggested, said, object } = reference;
      if (said.position !== 0 || candidates.length < 2) continue;
      const [only] = suggested;
      yield {
        ...referenceAbout(reference),
        message: `${object} has ${candidates.length} symbols ${said.name}: ${describeCandidates(candidates)}`,
        remedy:
          suggested.length === 1 && only
            ? `the fix suggests ${only.source}: ${annotation(reference, object, only.position)}`
            : `say which: ${annotation(reference, object, candidates[0]!.position)} for ${candidates[0]!.source ?? 'the first'}`,
      };
    }
  },
};
