import type { Rule } from '../finding.js';

/** A changed function that no unit has: not configured, never used, or under another name. */
export const notBuilt: Rule = {
  id: 'not-built',
  severity: 'warning',
  summary: 'The fix changes a function that the index does not have',
  *check({ changed }) {
    for (const { name, file, line, answers, unmentionedBy } of changed) {
      if (answers.length > 0 || unmentionedBy.length > 0) continue;
      yield {
        subject: name,
        file,
        ...(line > 0 && { line }),
        message: `${name} of ${file} is in no unit and no object of the build`,
        remedy: 'nothing, if the configuration leaves it out; else index the units that have it',
      };
    }
  },
};
