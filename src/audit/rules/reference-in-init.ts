import type { Rule } from '../finding.js';
import { checked, referenceAbout } from './reference.js';

/** Init memory is freed after start, so that the address belongs to something else by then. */
export const referenceInInit: Rule = {
  id: 'reference-in-init',
  severity: 'error',
  summary: 'The livepatch refers to a symbol of init memory',
  *check(facts) {
    for (const reference of checked(facts)) {
      const { symbol, said } = reference;
      if (symbol?.lifetime !== 'init') continue;
      yield {
        ...referenceAbout(reference),
        message: `${said.name} is in ${symbol.section ?? 'init memory'}, which is freed`,
        remedy: 'do not use it: copy what is needed into the livepatch',
      };
    }
  },
};
