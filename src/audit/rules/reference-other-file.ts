import type { Rule } from '../finding.js';
import { checked, referenceAbout } from './reference.js';

/** klp-convert only counts names: a position that exists is accepted, whoever's symbol it is. */
export const referenceOtherFile: Rule = {
  id: 'reference-other-file',
  severity: 'error',
  summary: "The position names another file's symbol than the one of the files that the livepatch is about",
  *check(facts) {
    for (const reference of checked(facts)) {
      const { symbol, suggested, said } = reference;
      if (!symbol || suggested.length === 0 || suggested.includes(symbol)) continue;
      yield {
        ...referenceAbout(reference),
        message: `position ${said.position} of ${said.name} is ${symbol.source ?? symbol.file ?? 'another file'}'s; ${suggested
          .map(({ source, position }) => `${source}'s is ${position}`)
          .join(', ')}`,
        remedy: `use position ${suggested.map(({ position }) => position).join(' or ')} if that file's is meant`,
      };
    }
  },
};
