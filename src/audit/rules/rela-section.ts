import { KLP_RELA } from '../../livepatch/klp-names.js';
import type { Rule } from '../finding.js';

/** apply_relocations and klp_apply_section_relocs take a section by its flags, its name and its sh_info together. */
export const relaSection: Rule = {
  id: 'rela-section',
  severity: 'error',
  summary: 'A livepatch relocation section whose base section, object or flags do not fit',
  *check({ relaSections, references }) {
    for (const {
      name,
      object,
      base,
      infoSection,
      livepatchFlag,
      allocated,
      unmarked,
      file,
    } of relaSections) {
      const wrong: string[] = [];
      if (object === undefined) wrong.push('its name holds no object');
      if (infoSection === undefined) wrong.push('it relocates no section (sh_info)');
      else if (infoSection.replace(/^\./, '') !== base.replace(/^\./, '')) {
        wrong.push(`its name says ${base} and its sh_info ${infoSection}`);
      }
      if (!livepatchFlag) wrong.push('it lacks the flag SHF_RELA_LIVEPATCH');
      if (!allocated) wrong.push('it lacks the flag SHF_ALLOC');
      if (unmarked.length > 0)
        wrong.push(`it uses symbols that are not SHN_LIVEPATCH: ${unmarked.join(', ')}`);
      if (wrong.length === 0) continue;
      yield {
        subject: name,
        ...(object !== undefined && { object }),
        file,
        message: `${name}: ${wrong.join('; ')}`,
        remedy: 'convert the module again',
      };
    }
    // simplify_symbols (kernel/module/main.c) leaves SHN_LIVEPATCH symbols at 0, and apply_relocations uses that.
    for (const { said, object } of references) {
      if (said.how !== 'converted') continue;
      for (const { relocations } of said.uses) {
        if (relocations.startsWith(KLP_RELA)) continue;
        yield {
          subject: relocations,
          ...(object !== undefined && { object }),
          file: said.where,
          message: `${relocations} relocates with ${said.raw}, which only a ${KLP_RELA} section may: its address would be 0`,
          remedy: 'convert the module again',
        };
      }
    }
  },
};
