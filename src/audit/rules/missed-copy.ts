import { missed } from '../coverage.js';
import type { Rule } from '../finding.js';
import { aboutDemand, isCopy } from './demand.js';

/** A function with a copy of changed code goes on running the old code. */
export const missedCopy: Rule = {
  id: 'missed-copy',
  severity: 'error',
  summary: 'A function with a copy of changed code is not patched',
  *check(facts) {
    for (const demand of missed(facts)) {
      const { required } = demand;
      if (!isCopy(required)) continue;
      const { name, step } = required.member;
      yield {
        ...aboutDemand(demand),
        message:
          step === undefined
            ? `${name} is changed by the fix and not patched`
            : `${name} has a copy of the changed ${required.changed.name} and is not patched`,
        remedy: `add ${name} to the livepatch`,
      };
    }
  },
};
