import type { Rule } from '../finding.js';
import { isFreed } from '../symbols-meant.js';
import { checked, referenceAbout } from './reference.js';

/** Init memory is freed after start, so that the address belongs to something else by then. */
export const referenceInInit: Rule = {
  id: 'reference-in-init',
  severity: 'error',
  summary: 'The livepatch refers to a symbol of an init or exit section',
  *check(facts) {
    for (const reference of checked(facts)) {
      const section = reference.symbol?.section;
      if (!section || !isFreed(section)) continue;
      yield {
        ...referenceAbout(reference),
        message: `${reference.said.name} is in ${section}, which is freed`,
        remedy: 'do not use it: copy what is needed into the livepatch',
      };
    }
  },
};
