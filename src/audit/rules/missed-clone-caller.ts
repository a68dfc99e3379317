import { CALL } from '../../reach/unit-function.js';
import type { Rule } from '../finding.js';
import { about, missed } from './missed-copy.js';

/** An optimisation clone has another signature than its function: only its callers can be replaced. */
export const missedCloneCaller: Rule = {
  id: 'missed-clone-caller',
  severity: 'error',
  summary: 'A function that calls a clone with changed code is not patched',
  *check(facts) {
    for (const required of missed(facts)) {
      if (required.function.step?.kind !== CALL) continue;
      const { name } = required.function;
      yield {
        ...about(required),
        message: `${name} calls a clone that has the changed ${required.changed.name}, and is not patched`,
        remedy: `add ${name} to the livepatch: no function compiled from source can replace the clone`,
      };
    }
  },
};
