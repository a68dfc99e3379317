import { demandsOf, isCovered, requiredNamed } from '../coverage.js';
import type { AuditFacts, Required, Target } from '../facts.js';
import type { Rule } from '../finding.js';
import { describeCandidates, targetAbout } from './target.js';

/** A position past the end does not load; one that means another file's function replaces the wrong one. */
export const wrongSympos: Rule = {
  id: 'wrong-sympos',
  severity: 'error',
  summary: "The position names no symbol, or another file's than the fix changes",
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
      const open = meantInstead(facts, target);
      if (open.length === 0) continue;
      const wanted = open.flatMap(({ member }) => candidates.filter(({ unit }) => unit === member.unit.id));
      yield {
        ...targetAbout(target),
        message: `position ${sympos} of ${name} is ${symbol.source ?? symbol.file ?? 'another file'}'s, and the fix is about ${open
          .map(({ member }) => member.unit.source)
          .join(', ')}`,
        remedy: `use position ${wanted.map(({ position }) => position).join(' or ')}`,
      };
    }
  },
};

/** The functions of that name that the fix reaches and nothing patches, where the target is none of those it reaches. */
function meantInstead(facts: AuditFacts, { object, name, symbol }: Target): Required[] {
  const reached = requiredNamed(facts, name)
    .flatMap(demandsOf)
    .filter((demand) => demand.object === object);
  if (reached.some(({ required }) => required.member.unit.id === symbol?.unit)) return [];
  return reached.map(({ required }) => required).filter(({ member }) => !isCovered(facts, member, object));
}
