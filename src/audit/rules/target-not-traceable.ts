import type { Rule } from '../finding.js';
import { isClone, lifetimeOfTarget, targetAbout } from './target.js';

/** klp_patch_func (kernel/livepatch/patch.c) needs an ftrace location at the function's entry. */
export const targetNotTraceable: Rule = {
  id: 'target-not-traceable',
  severity: 'error',
  summary: 'The livepatch patches a function without an ftrace site',
  *check(facts) {
    for (const target of facts.targets ?? []) {
      const { symbol } = target;
      if (symbol?.traceable !== false || isClone(target) || lifetimeOfTarget(target) !== 'core') continue;
      const isFunction = symbol.type === 'func';
      const what = isFunction ? 'has no ftrace site' : `is no function (${symbol.type})`;
      yield {
        ...targetAbout(target),
        message: `${target.name} ${what}: the kernel cannot redirect it`,
        remedy: isFunction
          ? `patch its callers instead: klp-reach affected ${target.name}`
          : 'patch the functions that use it',
      };
    }
  },
};
