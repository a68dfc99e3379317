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
      if (
        !facts.imagesKnown.has(object) ||
        candidates.length > 0 ||
        target.symbol ||
        elsewhere.length > 0 ||
        fate?.isClone
      )
        continue;
      const hosts = fate?.hosts ?? [];
      const clones = fate?.clones ?? [];
      const lives = [...hosts, ...clones];
      yield {
        ...targetAbout(target),
        message:
          lives.length > 0
            ? `${object} has no ${name}: its code lives on only in ${lives.join(', ')}`
            : `${object} has no symbol ${name}`,
        remedy:
          hosts.length > 0
            ? `patch the functions it was inlined into instead: klp-reach affected ${name}`
            : clones.length > 0
              ? `patch the callers of its clones instead: klp-reach affected ${name}`
              : 'check the name and the object',
      };
    }
  },
};
