import type { AuditFacts, Required, Target } from './facts.js';

/** Whether a livepatch's target is the function, or another symbol of its code. */
export function isTarget(
  target: Target,
  required: Pick<Required, 'unit'> & { readonly name: string; readonly aliases: readonly string[] },
): boolean {
  if (target.name !== required.name && !required.aliases.includes(target.name)) return false;
  const { symbol } = target;
  if (symbol)
    return symbol.unit === null ? symbol.object === required.unit.image : symbol.unit === required.unit.id;
  // Without linked objects, the name and the object are all there is to compare.
  return (
    target.candidates.length === 0 && (required.unit.image === null || required.unit.image === target.object)
  );
}

/** Whether the livepatch replaces a function. */
export function isCovered(
  facts: AuditFacts,
  unit: Required['unit'],
  name: string,
  aliases: readonly string[] = [],
): boolean {
  return (facts.targets ?? []).some((target) => isTarget(target, { unit, name, aliases }));
}
