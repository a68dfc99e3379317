import type { Rule } from '../finding.js';

/** Nothing is wrong with that, unless the fix needs the function: then a `missed-` rule tells. */
export const switchedOffTarget: Rule = {
  id: 'switched-off-target',
  severity: 'note',
  summary:
    "The livepatch patches a function only under a condition that the build's configuration does not meet",
  *check({ switchedOff }) {
    for (const { object, name, condition, where } of switchedOff) {
      const colon = /^(.*):(\d+)$/.exec(where);
      yield {
        subject: name,
        object,
        ...(colon ? { file: colon[1]!, line: Number(colon[2]) } : { file: where }),
        message: `${name} is not patched: \`${condition}\` does not hold in this build`,
        remedy: 'nothing, if the kernels that have it are checked with their own index',
      };
    }
  },
};
