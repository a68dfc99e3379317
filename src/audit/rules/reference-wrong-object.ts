import type { Rule } from '../finding.js';
import { checked, referenceAbout } from './reference.js';

/** The symbol is another object's. */
export const referenceWrongObject: Rule = {
  id: 'reference-wrong-object',
  severity: 'error',
  summary: 'The livepatch looks for a symbol in an object that does not have it; another one does',
  *check(facts) {
    for (const reference of checked(facts)) {
      const { candidates, symbol, elsewhere, said, object } = reference;
      if (candidates.length > 0 || symbol || elsewhere.length === 0) continue;
      const objects = [...new Set(elsewhere.map((symbol) => symbol.object))];
      yield {
        ...referenceAbout(reference),
        message: `${object} has no ${said.name}: it is in ${objects.join(', ')}`,
        remedy: `name ${objects.join(' or ')} as its object`,
      };
    }
  },
};
