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
      const callers = facts.callersOf(required);
      const open = callers.filter(({ unit, name }) => !isCovered(facts, unit, name)).map(({ name }) => name);
      if (callers.length > 0 && open.length === 0) continue;
      yield {
        ...about(required),
        message,
        remedy:
          open.length === 0
            ? 'find out who runs it, and replace those functions instead'
            : `replace its callers instead, each with a copy of the new ${f.name}: ${open.join(', ')}`,
      };
    }
  },
};
