import type { Rule } from '../finding.js';
import { targetAbout } from './target.js';

/** The name exists, in another object than the livepatch says. */
export const wrongObject: Rule = {
  id: 'wrong-object',
  severity: 'error',
  summary: 'The livepatch looks for the function in an object that does not have it; another one does',
  *check(facts) {
    for (const target of facts.targets ?? []) {
      const { object, name, candidates, symbol, elsewhere } = target;
      if (candidates.length > 0 || symbol || elsewhere.length === 0) continue;
      const objects = [...new Set(elsewhere.map((symbol) => symbol.object))];
      yield {
        ...targetAbout(target),
        message: `${object} has no ${name}: it is in ${objects.join(', ')}`,
        remedy: `move it to the klp_object of ${objects.join(' or ')}`,
      };
    }
  },
};
