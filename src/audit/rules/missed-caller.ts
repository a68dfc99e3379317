import type { Member } from '../../reach/answer.js';
import { stuckText } from '../../report/sentences.js';
import { missed } from '../coverage.js';
import type { ChangedFunction } from '../facts.js';
import type { Rule } from '../finding.js';
import { aboutDemand } from './demand.js';

/** A function that the kernel cannot redirect goes on running: its callers have to call its new form instead. */
export const missedCaller: Rule = {
  id: 'missed-caller',
  severity: 'error',
  summary: 'A function that calls one with changed code, which cannot be redirected, is not patched',
  *check(facts) {
    for (const demand of missed(facts)) {
      const { member, callee, changed } = demand.required;
      if (!callee || callee.clone) continue;
      yield {
        ...aboutDemand(demand),
        message: `${member.name} calls ${calledText(callee, changed)}, and is not patched; ${callee.name} cannot be redirected: ${stuckText(callee)}`,
        remedy: `add ${member.name} to the livepatch, and let it call a new form of ${callee.name}`,
      };
    }
  },
};

function calledText({ name, step }: Member, changed: ChangedFunction): string {
  return step === undefined ? `the changed ${name}` : `${name}, which runs the changed ${changed.name}`;
}
