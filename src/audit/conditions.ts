import { evaluateCondition } from '../kernel/condition.js';
import type { KernelIdentity } from '../kernel/identity.js';
import type { References } from '../livepatch/references.js';
import type { SwitchedOff } from './facts.js';
import type { NamedTarget } from './gather.js';

/**
 * What the build's configuration makes of a livepatch's entries: those that stand keep their condition where nothing tells
 * whether it holds.
 */
export function decideConditions(
  named: readonly NamedTarget[],
  kernel: KernelIdentity,
): { standing: NamedTarget[]; switchedOff: SwitchedOff[] } {
  const standing: NamedTarget[] = [];
  const switchedOff: SwitchedOff[] = [];
  for (const target of named) {
    const { condition, ...entry } = target;
    const verdict = verdictOf(condition, kernel);
    if (verdict === 'off') switchedOff.push({ ...entry, condition: condition! });
    else standing.push(verdict === 'on' ? entry : target);
  }
  return { standing, switchedOff };
}

/** What a source refers to in this build; what may be there counts as there. */
export function withoutSwitchedOff(file: References, kernel: KernelIdentity): References {
  const targets = file.targets.filter(({ condition }) => verdictOf(condition, kernel) !== 'off');
  return { ...file, targets };
}

function verdictOf(condition: string | undefined, { config, release }: KernelIdentity) {
  if (condition === undefined) return 'on';
  return evaluateCondition(condition, {
    ...(config && { config: config.values }),
    ...(release !== undefined && { release }),
  });
}
