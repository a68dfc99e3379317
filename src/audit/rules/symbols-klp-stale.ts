import type { Rule } from '../finding.js';

/** klp-convert believes the list: one of another build makes it bind to what is not there. */
export const symbolsKlpStale: Rule = {
  id: 'symbols-klp-stale',
  severity: 'error',
  summary: 'A symbols.klp does not name the symbols of the objects in the index',
  *check({ staleLists }) {
    for (const { file, object, known, extra, missing } of staleLists) {
      yield {
        subject: object,
        object,
        file,
        ...(!known && { severity: 'warning' as const }),
        message: known
          ? `${extra.length} names are in no symbol of ${object} (${some(extra)}), ${missing.length} of its names are missing (${some(missing)})`
          : `the index does not have ${object}: its names cannot be checked`,
        remedy: known ? 'write it again: klp-reach symbols --klp' : 'index the object',
      };
    }
  },
};

function some(names: readonly string[]): string {
  return names.length === 0 ? 'none' : `${names.slice(0, 3).join(', ')}${names.length > 3 ? ', ...' : ''}`;
}
