import { missed } from '../coverage.js';
import type { Rule } from '../finding.js';
import { aboutDemand } from './demand.js';

/** An optimisation clone has another signature than its function: only its callers can be replaced. */
export const missedCloneCaller: Rule = {
  id: 'missed-clone-caller',
  severity: 'error',
  summary: 'A function that calls a clone with changed code is not patched',
  *check(facts) {
    for (const demand of missed(facts)) {
      const { member, callee, changed } = demand.required;
      if (!callee?.clone) continue;
      yield {
        ...aboutDemand(demand),
        message: `${member.name} calls ${callee.name}, a clone that runs the changed ${changed.name}, and is not patched`,
        remedy: `add ${member.name} to the livepatch: no function compiled from source can replace the clone`,
      };
    }
  },
};
