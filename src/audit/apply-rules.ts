import type { AuditFacts } from './facts.js';
import type { Finding, Rule } from './finding.js';

/** What the rules find, in their order. */
export function applyRules(rules: readonly Rule[], facts: AuditFacts): Finding[] {
  return rules.flatMap((rule) =>
    [...rule.check(facts)].map((found) => ({
      rule: rule.id,
      ...found,
      severity: found.severity ?? rule.severity,
    })),
  );
}
