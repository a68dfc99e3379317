import type { Rule } from '../finding.js';
import { checked, referenceAbout } from './reference.js';

/** klp_find_object_symbol does not find it: the livepatch does not load. */
export const referenceAbsent: Rule = {
  id: 'reference-absent',
  severity: 'error',
  summary: 'The livepatch refers to a symbol that no object has',
  *check(facts) {
    for (const reference of checked(facts)) {
      const { candidates, symbol, elsewhere, fate, said, object } = reference;
      if (candidates.length + elsewhere.length > 0 || symbol || fate) continue;
      yield {
        ...referenceAbout(reference),
        message: `${object} has no symbol ${said.name}, and no other object has`,
        remedy: 'check the name; what is not built cannot be referred to',
      };
    }
  },
};
