import type { Rule } from '../finding.js';

/** Alternatives, jump labels and static calls are applied when the module loads, before its objects are there. */
export const relaEarlySection: Rule = {
  id: 'rela-early-section',
  severity: 'error',
  summary: 'A livepatch relocation for a module in a section that the kernel applies early',
  *check({ relaSections, references }) {
    const found = new Map<string, { object: string; section: string; file: string }>();
    for (const { early, object, base, file } of relaSections) {
      if (early && object !== undefined) found.set(`${object} ${base}`, { object, section: base, file });
    }
    for (const { said } of references) {
      for (const { early, section, livepatchObject } of said.uses) {
        const object = livepatchObject ?? said.livepatchObject;
        if (early && object !== undefined && said.how !== 'undefined') {
          found.set(`${object} ${section}`, { object, section, file: said.where });
        }
      }
    }
    for (const { object, section, file } of found.values()) {
      // Since Linux 5.8 those of vmlinux are applied before module_finalize.
      if (object === 'vmlinux') continue;
      yield {
        subject: section,
        object,
        file,
        message: `${section} has relocations for ${object}, and is applied when the livepatch loads, before them`,
        remedy: `avoid static keys, alternatives and static calls of ${object} in the new code (static_key_enabled() instead)`,
      };
    }
  },
};
