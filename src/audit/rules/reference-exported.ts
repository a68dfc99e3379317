import type { Rule } from '../finding.js';
import { checked, referenceAbout } from './reference.js';

/** The module loader resolves exports by itself. */
export const referenceExported: Rule = {
  id: 'reference-exported',
  severity: 'warning',
  summary: 'The livepatch converts a reference to an exported symbol',
  *check(facts) {
    for (const reference of checked(facts)) {
      const { exporters, said, object } = reference;
      if (!exporters.includes(object)) continue;
      yield {
        ...referenceAbout(reference),
        message: `${said.name} is exported by ${object} and needs no conversion`,
        remedy: 'drop the annotation and use the symbol as it is',
      };
    }
  },
};
