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
          ? `names that ${object} does not have: ${some(extra)}; names of it that are missing: ${some(missing)}`
          : `the index does not have ${object}: its names cannot be checked`,
        remedy: known ? 'write it again: klp-reach symbols --klp' : 'index the object',
      };
    }
  },
};

function some(names: readonly string[]): string {
  const rest = names.length > 3 ? ` and ${names.length - 3} more` : '';
  return names.length === 0 ? 'none' : `${names.slice(0, 3).join(', ')}${rest}`;
}
