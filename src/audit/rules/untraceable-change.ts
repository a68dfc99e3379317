import type { Rule } from '../finding.js';

/** What no function holds leaves no trace in the dumps. */
export const untraceableChange: Rule = {
  id: 'untraceable-change',
  severity: 'warning',
  summary: 'The fix changes something that no function holds',
  *check({ untraceable }) {
    for (const { file, line, kind, name, users } of untraceable) {
      const what = name === undefined ? kind : `${kind} ${name}`;
      const by = users.length === 0 ? '' : `; in this file ${users.join(', ')} use it`;
      yield {
        subject: name ?? file,
        file,
        ...(line > 0 && { line }),
        message: `the change of ${what} cannot be traced through the dumps${by}`,
        remedy:
          users.length === 0
            ? 'find the functions that it concerns, and name them with --changed'
            : `if they are concerned, name them: ${users.map((user) => `--changed ${user}@${file}`).join(' ')}`,
      };
    }
  },
};
