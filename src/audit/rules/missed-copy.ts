import { CALL, symposOf } from '../../reach/unit-function.js';
import { isCovered } from '../coverage.js';
import type { AuditFacts, Required } from '../facts.js';
import type { Rule } from '../finding.js';

/** A function with a copy of changed code goes on running the old code. */
export const missedCopy: Rule = {
  id: 'missed-copy',
  severity: 'error',
  summary: 'A function with a copy of changed code is not patched',
  *check(facts) {
    for (const required of missed(facts)) {
      if (required.function.step?.kind === CALL) continue;
      const { name } = required.function;
      yield {
        ...about(required),
        message:
          required.function.step === undefined
            ? `${name} is changed by the fix and not patched`
            : `${name} has a copy of the changed ${required.changed.name} and is not patched`,
        remedy: `add ${name} to the livepatch`,
      };
    }
  },
};

/** The functions of the patch set that the livepatch does not replace and could. */
export function missed(facts: AuditFacts): Required[] {
  if (!facts.targets) return [];
  return facts.required.filter(
    ({ unit, function: f }) =>
      (f.class === 'patch' || f.class === 'unverified') &&
      !f.clone &&
      !isCovered(facts, unit, f.name, f.aliases),
  );
}

/** What every finding about a function of the patch set says. */
export function about({ unit, function: f, why }: Required) {
  return {
    subject: f.name,
    ...(unit.image !== null && { object: unit.image }),
    ...(f.place && { sympos: symposOf(f.place) }),
    why,
    file: f.file === '' ? unit.source : f.file,
    ...(f.line > 0 && { line: f.line }),
  };
}
