import { sectionLifetime } from '../../symbols/section-lifetime.js';
import type { Rule } from '../finding.js';
import { targetAbout } from './target.js';

/** Init code is freed after start, and ftrace drops its sites with it. */
export const targetInInit: Rule = {
  id: 'target-in-init',
  severity: 'error',
  summary: 'The livepatch patches a function of an init or exit section',
  *check(facts) {
    for (const target of facts.targets ?? []) {
      const section = target.symbol?.section;
      if (!section || sectionLifetime(section) === 'core') continue;
      yield {
        ...targetAbout(target),
        message: `${target.name} is in ${section}: its code has run and is freed`,
        remedy: 'leave it out',
      };
    }
  },
};
