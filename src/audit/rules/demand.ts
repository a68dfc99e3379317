import type { PlaceRow } from '../../index/reader.js';
import { symposOf } from '../../reach/answer.js';
import { type Demand, objectsOf } from '../coverage.js';
import type { Required } from '../facts.js';

/** What every finding about a body of the patch set says. */
export function about({ member, why }: Required, object: string | null = objectsOf(member)[0]!) {
  const { name, file, line, unit } = member;
  const place: PlaceRow | undefined = member.places.find((one) => one.object === object);
  return {
    subject: name,
    ...(object !== null && { object }),
    ...(place && { sympos: symposOf(place) }),
    why,
    file: file === '' ? unit.source : file,
    ...(line > 0 && { line }),
  };
}

/** The same about one that has to be patched in one of its linked objects. */
export function aboutDemand({ required, object }: Demand) {
  return about(required, object);
}

/** Whether a body holds changed code itself, or runs it through a stuck one that it calls. */
export function isCopy({ callee }: Required): boolean {
  return callee === undefined;
}

/** What one that is not replaced goes on running. */
export function oldCode({ member, changed }: Required): string {
  return member.step === undefined ? 'its old code' : `the old ${changed.name}`;
}
