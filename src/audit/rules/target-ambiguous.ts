import type { Rule } from '../finding.js';
import { describeCandidates, targetAbout } from './target.js';

/** With sympos 0, klp_find_object_symbol refuses a name that occurs more than once. */
export const targetAmbiguous: Rule = {
  id: 'target-ambiguous',
  severity: 'error',
  summary: 'The livepatch patches a name that its object has more than once, and says no position',
  *check(facts) {
    for (const target of facts.targets ?? []) {
      const { object, name, sympos, candidates } = target;
      if (sympos !== 0 || candidates.length < 2) continue;
      const wanted = candidates.filter(({ unit }) =>
        facts.required.some((required) => required.unit.id === unit && required.function.name === name),
      );
      yield {
        ...targetAbout(target),
        message: `${object} has ${candidates.length} symbols ${name}: ${describeCandidates(candidates)}`,
        remedy:
          wanted.length === 1
            ? `set .old_sympos = ${wanted[0]!.position}, the one of ${wanted[0]!.source}`
            : 'set .old_sympos to the position of the one that is meant',
      };
    }
  },
};
