import { isCovered, requiredNamed } from '../coverage.js';
import type { AuditFacts, Reference, Required } from '../facts.js';
import type { Rule } from '../finding.js';
import { checked, referenceAbout } from './reference.js';

/** The new code would call a function that still runs the old code. */
export const referenceAffected: Rule = {
  id: 'reference-affected',
  severity: 'error',
  summary: 'The livepatch refers to a function that the fix reaches and that it does not patch',
  *check(facts) {
    for (const reference of checked(facts)) {
      const required = reachedBy(facts, reference);
      if (!required) continue;
      const { said } = reference;
      yield {
        ...referenceAbout(reference),
        message: `the new code would use ${said.name}, which still runs the old ${required.changed.name}`,
        why: required.why,
        remedy:
          required.member.stuck === null
            ? `patch ${said.name} too, or copy its new form into the livepatch`
            : `copy its new form into the livepatch: ${said.name} cannot be redirected`,
      };
    }
  },
};

/** Init code is another rule's. */
function reachedBy(facts: AuditFacts, { symbol, said }: Reference): Required | undefined {
  if (!symbol) return undefined;
  return requiredNamed(facts, said.name).find(
    ({ member }) =>
      member.unit.id === symbol.unit && member.class !== 'init' && !isCovered(facts, member, symbol.object),
  );
}
