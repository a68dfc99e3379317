import type { Rule } from '../finding.js';
import { referenceAbout } from './reference.js';

/** One name of one object stands for one address in a module: two positions cannot both be meant. */
export const referenceConflict: Rule = {
  id: 'reference-conflict',
  severity: 'error',
  summary: 'The livepatch gives one symbol two positions',
  *check({ references }) {
    const first = new Map<string, number>();
    for (const reference of references) {
      const { said, object, dialect } = reference;
      if (object === undefined || dialect === 'converted') continue;
      const key = `${object} ${said.name}`;
      const position = first.get(key);
      if (position === undefined) first.set(key, said.position);
      else if (position !== said.position) {
        yield {
          ...referenceAbout(reference),
          message: `${said.name} of ${object} has position ${position} and position ${said.position}`,
          remedy: 'keep the one that is meant',
        };
      }
    }
  },
};
