import type { Member } from '../reach/answer.js';
import type { AuditFacts, Required, Target } from './facts.js';

/** A body of the patch set in one of the linked objects that it is in; null where nothing tells which that is. */
export interface Demand {
  readonly required: Required;
  readonly object: string | null;
}

/** The linked objects that a body is in: a livepatch has to patch it in each. */
export function objectsOf({ unit }: Member): readonly (string | null)[] {
  return unit.images.length === 0 ? [null] : unit.images;
}

/** Whether a target names a body, by whichever of its names, where that is. */
export function isTarget(
  { imagesKnown }: Pick<AuditFacts, 'imagesKnown'>,
  target: Target,
  member: Member,
  object: string | null,
): boolean {
  if (!isNameOf(member, target.name)) return false;
  // Without the linked object, the name and the object are all there is to compare.
  if (!imagesKnown.has(target.object)) return object === null || object === target.object;
  const { symbol } = target;
  if (!symbol || (object !== null && symbol.object !== object)) return false;
  return symbol.unit === member.unit.id || (symbol.unit === null && isListed(symbol));
}

/** Whether a table of names is all that tells of a symbol: then no unit of it means that nothing tells the unit. */
function isListed({ traceable }: NonNullable<Target['symbol']>): boolean {
  return traceable === null;
}

export function isNameOf({ name, aliases }: Member, asked: string): boolean {
  return name === asked || aliases.includes(asked);
}

/** Whether the livepatch replaces a body in one of its linked objects, whatever holds besides. */
export function isCovered(facts: AuditFacts, member: Member, object: string | null): boolean {
  return targetsOf(facts, member, object).some(({ condition }) => condition === undefined);
}

/** The livepatch's entries for a body in one of its linked objects. */
function targetsOf(facts: AuditFacts, member: Member, object: string | null): Target[] {
  return [member.name, ...member.aliases].flatMap((name) =>
    targetsNamed(facts, name).filter((target) => isTarget(facts, target, member, object)),
  );
}

/** The entries without which something that has to be patched would not be: whether they are there is not known. */
export function decisiveTargets(facts: AuditFacts): ReadonlySet<Target> {
  const open = demands(facts).map(({ required, object }) => targetsOf(facts, required.member, object));
  return new Set(open.filter((of) => of.every(({ condition }) => condition !== undefined)).flat());
}

/** What has to be patched and can be: stuck members are what their callers stand in for. */
export function demands({ required }: Pick<AuditFacts, 'required'>): Demand[] {
  return required.flatMap(demandsOf);
}

/** The same of one body: one in each linked object that has it. */
export function demandsOf(required: Required): Demand[] {
  if (!isDemanded(required)) return [];
  return objectsOf(required.member).map((object) => ({ required, object }));
}

/** Where nothing tells whether a function exists, it is demanded; of a clone, nobody can ask that. */
function isDemanded({ member }: Required): boolean {
  return member.class === 'patch' || (member.class === 'unverified' && !member.clone);
}

/** The demands that the livepatch meets under no condition; none without a livepatch. */
export function missed(facts: AuditFacts): Demand[] {
  if (!facts.targets) return [];
  return demands(facts).filter(
    ({ required, object }) => targetsOf(facts, required.member, object).length === 0,
  );
}

/** The bodies of the patch set that have a name. */
export function requiredNamed({ required }: Pick<AuditFacts, 'required'>, name: string): readonly Required[] {
  const names = ({ member }: Required) => [member.name, ...member.aliases];
  return grouped(requiredByName, required, names).get(name) ?? [];
}

/** The livepatch's targets of a name. */
function targetsNamed({ targets = [] }: AuditFacts, name: string): readonly Target[] {
  return grouped(targetsByName, targets, (target) => [target.name]).get(name) ?? [];
}

type ByName<T> = ReadonlyMap<string, readonly T[]>;

const requiredByName = new WeakMap<readonly Required[], ByName<Required>>();
const targetsByName = new WeakMap<readonly Target[], ByName<Target>>();

/** A list by its items' names, made once: there can be thousands of targets, and of bodies. */
function grouped<T>(
  known: WeakMap<readonly T[], ByName<T>>,
  list: readonly T[],
  namesOf: (item: T) => readonly string[],
): ByName<T> {
  const made = known.get(list);
  if (made) return made;
  const byName = new Map<string, T[]>();
  for (const item of list) {
    for (const name of namesOf(item)) {
      const same = byName.get(name);
      if (same) same.push(item);
      else byName.set(name, [item]);
    }
  }
  known.set(list, byName);
  return byName;
}
