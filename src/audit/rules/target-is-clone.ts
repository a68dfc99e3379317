import type { Rule } from '../finding.js';
import { isClone, targetAbout } from './target.js';

/** A clone's signature is the optimiser's: a function compiled from source would get the wrong arguments. */
export const targetIsClone: Rule = {
  id: 'target-is-clone',
  severity: 'error',
  summary: 'The livepatch patches an optimisation clone',
  *check(facts) {
    for (const target of facts.targets ?? []) {
      if (!isClone(target)) continue;
      yield {
        ...targetAbout(target),
        message: `${target.name} is a clone, whose signature is not the source's`,
        remedy: `patch its callers instead: klp-reach affected ${target.name}`,
      };
    }
  },
};
