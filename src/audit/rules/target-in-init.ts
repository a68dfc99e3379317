import { stuckText } from '../../report/sentences.js';
import type { Rule } from '../finding.js';
import { lifetimeOfTarget, targetAbout } from './target.js';

/** Init code is freed after start, and ftrace drops its sites with it; exit code has none. */
export const targetInInit: Rule = {
  id: 'target-in-init',
  severity: 'error',
  summary: 'The livepatch patches init code, or the exit code of a module',
  *check(facts) {
    for (const target of facts.targets ?? []) {
      const lifetime = lifetimeOfTarget(target);
      if (lifetime === 'core') continue;
      const where = target.symbol?.section ?? 'init memory';
      yield {
        ...targetAbout(target),
        message:
          lifetime === 'init'
            ? `${target.name} is in ${where}: its code has run and is freed`
            : `${target.name} is in ${where}: ${stuckText({ stuck: 'module-exit', binary: null })}`,
        remedy:
          lifetime === 'init'
            ? 'leave it out'
            : `patch its callers instead, if it has any: klp-reach affected ${target.name}`,
      };
    }
  },
};
