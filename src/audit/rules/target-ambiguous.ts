import { requiredNamed } from '../coverage.js';
import type { AuditFacts, Target } from '../facts.js';
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
      const [only, ...others] = wantedOf(facts, target);
      yield {
        ...targetAbout(target),
        message: `${object} has ${candidates.length} symbols ${name}: ${describeCandidates(candidates)}`,
        remedy:
          only && others.length === 0
            ? `set .old_sympos = ${only.position}, the one of ${only.source}`
            : 'set .old_sympos to the position of the one that is meant',
      };
    }
  },
};

/** The candidates that the fix reaches. */
function wantedOf(facts: AuditFacts, { name, candidates }: Target) {
  const reached = requiredNamed(facts, name).filter(({ member }) => member.class === 'patch');
  return candidates.filter(({ unit }) => reached.some(({ member }) => member.unit.id === unit));
}
