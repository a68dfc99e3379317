import { sectionLifetime } from '../../symbols/section-lifetime.js';
import { isTarget } from '../coverage.js';
import type { Target } from '../facts.js';
import type { Rule } from '../finding.js';
import { targetAbout } from './target.js';

/** Patching more than the fix reaches is allowed, and often a sign that a name is wrong. */
export const unneededTarget: Rule = {
  id: 'unneeded-target',
  severity: 'note',
  summary: 'The livepatch patches a function that the fix does not reach',
  *check(facts) {
    if (facts.changed.length === 0) return;
    for (const target of facts.targets ?? []) {
      if (isWrongItself(target, facts.imagesKnown)) continue;
      const needed = facts.required.some(({ unit, function: f }) =>
        isTarget(target, { unit, name: f.name, aliases: f.aliases }),
      );
      const standsIn = facts.standIns.some(({ unit, function: f }) =>
        isTarget(target, { unit, name: f.name, aliases: f.aliases }),
      );
      if (needed || standsIn) continue;
      yield {
        ...targetAbout(target),
        message: `${target.name} has no copy of changed code`,
        remedy: 'leave it out, or check that the fix is the right one',
      };
    }
  },
};

/** Another rule says what is wrong with it. */
function isWrongItself({ object, symbol, fate }: Target, imagesKnown: ReadonlySet<string>): boolean {
  if (fate?.isClone) return true;
  if (!symbol) return imagesKnown.has(object);
  if (symbol.traceable === false) return true;
  return symbol.section !== null && sectionLifetime(symbol.section) !== 'core';
}
