import type { Reference } from '../facts.js';
import type { Rule } from '../finding.js';
import { annotation, referenceAbout } from './reference.js';
import { describeCandidates } from './target.js';

/** The module loader resolves exports only; klp-convert refuses what is neither exported nor annotated. */
export const referenceUnannotated: Rule = {
  id: 'reference-unannotated',
  severity: 'error',
  summary: 'An undefined symbol is neither exported nor annotated',
  *check({ references, imagesKnown }) {
    if (!imagesKnown.has('vmlinux')) return;
    for (const reference of references) {
      const { said, exporters, candidates, suggested } = reference;
      if (said.how !== 'undefined' || exporters.length > 0 || isLookedUp(reference)) continue;
      const meant = suggested.length > 0 ? suggested : candidates;
      yield {
        ...referenceAbout(reference),
        message:
          candidates.length === 0
            ? `${said.name} is undefined, and no object has it`
            : `${said.name} is undefined and not exported: ${describeCandidates(candidates)}`,
        remedy:
          candidates.length === 0
            ? 'define it in the livepatch'
            : `annotate it: ${meant
                .map(({ object, position, source }) => {
                  const text = annotation(reference, object, candidates.length === 1 ? 0 : position);
                  return meant.length > 1 ? `${text} /* ${source ?? 'unknown source'} */` : text;
                })
                .join(' or ')}`,
      };
    }
  },
};

/** Full klp-convert finds a name that only one symbol has in symbols.klp by itself. */
function isLookedUp({ dialect, candidates }: Reference): boolean {
  return (dialect === 'full' || dialect === 'none') && candidates.length === 1;
}
