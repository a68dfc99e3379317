import type { Rule } from '../finding.js';
import { about } from './demand.js';

/** Identical code folding and aliases: one code under several names. */
export const icfShared: Rule = {
  id: 'icf-shared',
  severity: 'warning',
  summary: 'A function to patch shares its code with others: replacing one replaces them all',
  *check(facts) {
    for (const required of facts.required) {
      const { name, aliases, folded, class: kind } = required.member;
      const others = [...aliases, ...folded].join(', ');
      if (others === '' || kind !== 'patch') continue;
      yield {
        ...about(required),
        message: `${name} is the same code as ${others}`,
        remedy: `make sure that the replacement is right for ${others} too`,
      };
    }
  },
};
