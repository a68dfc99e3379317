import type { Rule } from '../finding.js';

/** apply_relocations and klp_apply_section_relocs take a section by its flags, its name and its sh_info together. */
export const relaSection: Rule = {
  id: 'rela-section',
  severity: 'error',
  summary: 'A livepatch relocation section whose base section, object or flags do not fit',
  *check({ relaSections }) {
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
  },
};
