import type { Rule } from '../finding.js';
import { checked, referenceAbout } from './reference.js';
import { clonesOf } from './reference-gone.js';

/** `foo.isra.0` takes other arguments than `foo`. */
export const referenceOnlyClones: Rule = {
  id: 'reference-only-clones',
  severity: 'error',
  summary: 'The livepatch refers to a function of which only optimisation clones exist',
  *check(facts) {
    for (const reference of checked(facts)) {
      const { candidates, symbol, elsewhere, fate, said } = reference;
      if (candidates.length + elsewhere.length > 0 || symbol || !fate) continue;
      const clones = clonesOf(said.name, fate.clones);
      if (clones.length === 0) continue;
      yield {
        ...referenceAbout(reference),
        message: `of ${said.name} only ${clones.join(', ')} exists, whose signature is another`,
        remedy: 'copy the function into the livepatch',
      };
    }
  },
};
