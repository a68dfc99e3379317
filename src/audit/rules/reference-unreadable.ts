import type { Rule } from '../finding.js';

/** The kernel reads `.klp.sym.%55[^.].%511[^,],%lu` (klp_resolve_symbols, kernel/livepatch/core.c). */
export const referenceUnreadable: Rule = {
  id: 'reference-unreadable',
  severity: 'error',
  summary: "A symbol's or section's name cannot be read back by the kernel or by klp-convert",
  *check({ malformed }) {
    for (const { what, raw, problem, where } of malformed) {
      const colon = /^(.*):(\d+)$/.exec(where);
      yield {
        subject: raw,
        ...(colon ? { file: colon[1]!, line: Number(colon[2]) } : { file: where }),
        message: `the ${what} ${raw} ${problem}`,
        remedy: 'use another form of annotation, or another klp-convert',
      };
    }
  },
};
