import type { Rule } from '../finding.js';
import { checked, referenceAbout } from './reference.js';

/** A function that was inlined everywhere has no address to refer to. */
export const referenceGone: Rule = {
  id: 'reference-gone',
  severity: 'error',
  summary: 'The livepatch refers to a function that was inlined away and exists in no object',
  *check(facts) {
    for (const reference of checked(facts)) {
      const { candidates, symbol, elsewhere, fate, said } = reference;
      if (candidates.length + elsewhere.length > 0 || symbol) continue;
      if (!fate || clonesOf(said.name, fate.clones).length > 0) continue;
      yield {
        ...referenceAbout(reference),
        message: `${said.name} is in no object: its code lives on only in ${fate.hosts.join(', ') || 'functions that are gone too'}`,
        remedy: 'copy the function into the livepatch',
      };
    }
  },
};

export function clonesOf(name: string, clones: readonly string[]): string[] {
  return clones.filter((clone) => clone.startsWith(`${name}.`));
}
