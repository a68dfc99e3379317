import { isCovered } from '../coverage.js';
import type { Rule } from '../finding.js';
import { about } from './missed-copy.js';

/** A function with changed code that the kernel cannot redirect: every caller by name has to be replaced instead. */
export const blockedCopy: Rule = {
  id: 'blocked-copy',
  severity: 'error',
  summary: 'A function with a copy of changed code cannot be redirected, and its callers are not all patched',
  *check(facts) {
    for (const required of facts.required) {
      const { function: f } = required;
      if (f.class !== 'blocked') continue;
      const message = `${f.name} has the changed ${required.changed.name} and cannot be redirected: ${f.blocked}`;
      if (f.symbol && /^\.(init|exit)\.text/.test(f.symbol.section)) {
        yield {
          ...about(required),
          severity: 'note',
          message,
          remedy: 'nothing: it has run by the time a livepatch loads',
        };
        continue;
      }
      const standIns = facts.standIns.filter(
        ({ blocked }) => blocked.unit.id === required.unit.id && blocked.function.name === f.name,
      );
      const open = standIns.filter(({ unit, function: caller }) => !isCovered(facts, unit, caller.name));
      if (standIns.length > 0 && open.length === 0) continue;
      const names = open.map(({ function: caller }) => caller.name).join(', ');
      yield {
        ...about(required),
        // Without a livepatch, the callers stand among the functions to patch: nothing is amiss yet.
        ...(open.length > 0 && !facts.targets && { severity: 'note' as const }),
        message,
        remedy:
          open.length === 0
            ? 'find out who runs it, and replace those functions instead'
            : `replace its callers instead, each with a copy of the new ${f.name}: ${names}`,
      };
    }
  },
};
