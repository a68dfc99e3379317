import { stuckText } from '../../report/sentences.js';
import type { Target } from '../facts.js';
import type { Rule } from '../finding.js';
import { targetAbout } from './target.js';

/** klp_find_object_symbol (kernel/livepatch/core.c) does not find it: the livepatch does not load. */
export const targetAbsent: Rule = {
  id: 'target-absent',
  severity: 'error',
  summary: 'The livepatch patches a function that its object does not have',
  *check(facts) {
    for (const target of facts.targets ?? []) {
      const { object, name, candidates, elsewhere, fate } = target;
      const isThere = candidates.length > 0 || target.symbol !== undefined || elsewhere.length > 0;
      if (!facts.imagesKnown.has(object) || isThere || fate?.isClone) continue;
      yield {
        ...targetAbout(target),
        message: `${object} has no symbol ${name}${fateText(target)}`,
        remedy: remedyOf(target),
      };
    }
  },
};

function fateText({ fate }: Target): string {
  if (!fate) return '';
  if (fate.binary !== undefined)
    return `: it is ${stuckText({ stuck: 'out-of-reach', binary: fate.binary })}`;
  const lives = [...fate.hosts, ...fate.clones];
  return lives.length === 0 ? '' : `: its code lives on only in ${lives.join(', ')}`;
}

function remedyOf({ name, fate }: Target): string {
  if (fate?.binary !== undefined) return 'leave it out, and boot a fixed kernel';
  const lives = (fate?.hosts.length ?? 0) + (fate?.clones.length ?? 0) > 0;
  return lives
    ? `patch what has its code instead: klp-reach affected ${name}`
    : 'check the name and the object';
}
