import type { Rule } from '../finding.js';
import { describeCandidates, targetAbout } from './target.js';

/** A position past the end does not load; one that means another file's function replaces the wrong one. */
export const wrongSympos: Rule = {
  id: 'wrong-sympos',
  severity: 'error',
  summary: 'The position names no symbol, or another file’s than the fix changes',
  *check(facts) {
    for (const target of facts.targets ?? []) {
      const { object, name, sympos, candidates, symbol } = target;
      if (sympos === 0 || candidates.length === 0) continue;
      if (!symbol) {
        yield {
          ...targetAbout(target),
          message: `${object} has no ${name} at position ${sympos}: ${describeCandidates(candidates)}`,
          remedy: `use a position from 1 to ${candidates.length}${candidates.length === 1 ? ', or 0' : ''}`,
        };
        continue;
      }
      const required = facts.required.filter((r) => r.function.name === name && r.unit.image === object);
      if (required.length === 0 || required.some((r) => r.unit.id === symbol.unit)) continue;
      const wanted = required.flatMap((r) => candidates.filter(({ unit }) => unit === r.unit.id));
      yield {
        ...targetAbout(target),
        message: `position ${sympos} of ${name} is ${symbol.source ?? symbol.file ?? 'another file'}’s, and the fix is about ${required
          .map((r) => r.unit.source)
          .join(', ')}`,
        remedy: `use position ${wanted.map(({ position }) => position).join(' or ')}`,
      };
    }
  },
};
