import type { Rule } from '../finding.js';
import { referenceAbout } from './reference.js';

/** klp_resolve_symbols refuses symbols of a livepatch relocation that are not SHN_LIVEPATCH. */
export const referenceUnmarked: Rule = {
  id: 'reference-unmarked',
  severity: 'error',
  summary: 'A converted symbol does not have the section index SHN_LIVEPATCH',
  *check({ references }) {
    for (const reference of references) {
      if (reference.said.marked !== false) continue;
      yield {
        ...referenceAbout(reference),
        message: `${reference.said.raw} has not the section index SHN_LIVEPATCH (0xff20)`,
        remedy: 'convert the module again: strip or objcopy may have changed it',
      };
    }
  },
};
