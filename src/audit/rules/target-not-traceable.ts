import { sectionLifetime } from '../../symbols/section-lifetime.js';
import type { Rule } from '../finding.js';
import { targetAbout } from './target.js';

/** klp_patch_func (kernel/livepatch/patch.c) needs an ftrace location at the function's entry. */
export const targetNotTraceable: Rule = {
  id: 'target-not-traceable',
  severity: 'error',
  summary: 'The livepatch patches a function without an ftrace site',
  *check(facts) {
    for (const target of facts.targets ?? []) {
      const { symbol } = target;
      if (symbol?.traceable !== false || target.fate?.isClone) continue;
      if (symbol.section !== null && sectionLifetime(symbol.section) !== 'core') continue;
      const what = symbol.type === 'func' ? 'has no ftrace site' : `is no function (${symbol.type})`;
      yield {
        ...targetAbout(target),
        message: `${target.name} ${what}: the kernel cannot redirect it`,
        remedy: `patch its callers instead: klp-reach callers ${target.name}`,
      };
    }
  },
};
