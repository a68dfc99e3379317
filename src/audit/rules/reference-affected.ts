import { isCovered } from '../coverage.js';
import type { Rule } from '../finding.js';
import { checked, referenceAbout } from './reference.js';

/** The new code would call a function that still has the old code in it. */
export const referenceAffected: Rule = {
  id: 'reference-affected',
  severity: 'error',
  summary: 'The livepatch refers to a function that the fix reaches and that it does not patch',
  *check(facts) {
    for (const reference of checked(facts)) {
      const { symbol, said } = reference;
      if (!symbol) continue;
      const required = facts.required.find((r) => r.unit.id === symbol.unit && r.function.name === said.name);
      if (!required || isCovered(facts, required.unit, said.name, required.function.aliases)) continue;
      yield {
        ...referenceAbout(reference),
        message: `the new code would use ${said.name}, which still has the old ${required.changed.name}`,
        why: required.why,
        remedy: `patch ${said.name} too, or copy its new form into the livepatch`,
      };
    }
  },
};
