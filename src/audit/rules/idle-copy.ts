import { idleText, stuckText } from '../../report/sentences.js';
import type { Rule } from '../finding.js';
import { about, oldCode } from './demand.js';

/** Code that nothing of the build runs now, and that something may run later. */
export const idleCopy: Rule = {
  id: 'idle-copy',
  severity: 'note',
  summary: 'A function keeps the old code, which nothing of the build runs now',
  *check({ required }) {
    for (const one of required) {
      const { member } = one;
      const { name, unit } = member;
      if (member.class === 'init' && unit.images.length > 0 && !unit.images.includes('vmlinux')) {
        yield {
          ...about(one),
          message: `${name} keeps ${oldCode(one)}: init code of ${unit.images.join(', ')}, which runs again when the module is loaded again`,
          remedy: 'load no module that was built before the fix',
        };
      } else if (member.exported) {
        yield {
          ...about(one),
          message: `${name} keeps ${oldCode(one)}: ${stuckText(member)}; ${idleText(member, one.callers)}`,
          remedy: 'see to it that no module from outside of the build calls it',
        };
      }
    }
  },
};
