import type { Rule } from '../finding.js';

/** The answer rests on something that nothing tells. */
export const incompleteData: Rule = {
  id: 'incomplete-data',
  severity: 'warning',
  summary: 'A dump, an object or a call graph is missing or damaged, so that a copy may be missed',
  *check({ unknown, targets, references, imagesKnown }) {
    for (const { unit, function: name, why } of unknown) {
      yield {
        subject: name === '' ? unit : name,
        file: unit,
        message: name === '' ? `${unit}: ${why}` : `${name} in ${unit}: ${why}`,
        remedy: 'index what is missing',
      };
    }
    const named = [...(targets ?? []), ...references].flatMap(({ object }) => object ?? []);
    const objects = new Set(named);
    for (const object of objects) {
      if (imagesKnown.has(object)) continue;
      yield {
        subject: object,
        object,
        message: `the symbols of ${object} are not in the index: what is said of them cannot be checked`,
        remedy: 'index it with --vmlinux or --modules',
      };
    }
  },
};
