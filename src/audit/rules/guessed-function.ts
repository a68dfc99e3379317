import type { Rule } from '../finding.js';

/** Without the sources, which function a hunk changes is a guess; and some changes of a function deserve a word. */
export const guessedFunction: Rule = {
  id: 'guessed-function',
  severity: 'warning',
  summary: 'Which function the fix changes is guessed, or its change needs more than replacing it',
  *check({ changed }) {
    for (const { name, file, line, how, notes } of changed) {
      const place = { subject: name, file, ...(line > 0 && { line }) };
      if (how === 'guessed') {
        yield {
          ...place,
          message: `that the fix changes ${name} is a guess from the hunk's header and the dumps`,
          remedy: 'give the old sources with --source DIR',
        };
      }
      for (const note of notes) {
        yield {
          ...place,
          severity: 'note',
          message: `${name}: ${note}`,
          remedy: 'check the callers by hand',
        };
      }
    }
  },
};
