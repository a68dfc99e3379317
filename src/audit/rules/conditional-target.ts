import { decisiveTargets } from '../coverage.js';
import type { AuditFacts } from '../facts.js';
import type { Rule } from '../finding.js';
import { targetAbout } from './target.js';

/** The preprocessor takes or leaves the entry: which of both, only the configuration of the build tells. */
export const conditionalTarget: Rule = {
  id: 'conditional-target',
  severity: 'warning',
  summary: 'The livepatch patches a function only under a condition that the build does not decide',
  *check(facts) {
    const decisive = decisiveTargets(facts);
    for (const target of facts.targets ?? []) {
      const { name, condition } = target;
      if (condition === undefined) continue;
      const isDecisive = decisive.has(target);
      yield {
        ...targetAbout(target),
        ...(isDecisive && { severity: 'error' as const }),
        message: `${name} is patched only if \`${condition}\` holds, which is not known${isDecisive ? ': nothing else covers it' : ''}`,
        remedy: remedyOf(facts),
      };
    }
  },
};

function remedyOf({ kernel }: AuditFacts): string {
  return kernel.config
    ? 'see whether it holds in this build, and give a source or a list without it'
    : 'index the build with its .config';
}
