import { isTarget, objectsOf, requiredNamed } from '../coverage.js';
import type { AuditFacts, Target } from '../facts.js';
import type { Rule } from '../finding.js';
import { isClone, lifetimeOfTarget, targetAbout } from './target.js';

/** Patching more than the fix reaches is allowed, and often a sign that a name is wrong. */
export const unneededTarget: Rule = {
  id: 'unneeded-target',
  severity: 'note',
  summary: 'The livepatch patches a function that the fix does not reach',
  *check(facts) {
    // Where something of the build is not known, neither is what needs a target.
    if (facts.changed.length === 0 || facts.unknowns.some(({ code }) => IN_DOUBT.has(code))) return;
    for (const target of facts.targets ?? []) {
      if (isWrongItself(facts, target) || isReached(facts, target)) continue;
      yield {
        ...targetAbout(target),
        message: `${target.name} runs no changed code`,
        remedy: 'leave it out, or check that the fix is the right one',
      };
    }
  },
};

/** Code that was not read, or does not fit: it may hold or call anything. */
const IN_DOUBT: ReadonlySet<string> = new Set([
  'incomplete-dump',
  'unverified',
  'unmentioned',
  'no-dump',
  'input-unread',
  'image-unread',
  'module-missing',
  'function-without-unit',
]);

function isReached(facts: AuditFacts, target: Target): boolean {
  return requiredNamed(facts, target.name).some(({ member }) =>
    objectsOf(member).some((object) => isTarget(facts, target, member, object)),
  );
}

/** Another rule says what is wrong with it. */
function isWrongItself({ imagesKnown }: AuditFacts, target: Target): boolean {
  const { object, symbol } = target;
  if (isClone(target)) return true;
  if (!symbol) return imagesKnown.has(object);
  return symbol.traceable === false || lifetimeOfTarget(target) !== 'core';
}
