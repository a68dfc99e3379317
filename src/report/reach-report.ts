import type { Direction, Member, MemberClass, ReachAnswer } from '../reach/answer.js';
import { MEMBER_CLASSES } from '../reach/answer.js';
import type { WalkMode } from '../reach/walk.js';
import type { Provenance } from './provenance.js';

/** What is printed for `affected` and `inlined`, in every format. */
export interface ReachReport {
  readonly direction: Direction;
  readonly mode: WalkMode;
  /** Whether each member is printed with its chain. */
  readonly why: boolean;
  readonly answers: readonly ReachAnswer[];
  readonly provenance: Provenance;
}

/** How many members an answer has of each class: a body counts once, in however many units of F it is a member. */
export function countClasses(answer: ReachAnswer): Record<MemberClass, number> {
  const counts = { patch: 0, clone: 0, blocked: 0, init: 0, discarded: 0, unverified: 0, gone: 0 };
  for (const member of membersOnce(answer)) counts[member.class]++;
  return counts;
}

/** The union of an answer's members over its units, in the order of the units. */
export function membersOnce({ units }: ReachAnswer): readonly Member[] {
  if (units.length === 1) return units[0]!.members;
  const members = new Map<string, Member>();
  for (const { members: list } of units) {
    for (const member of list) {
      const key = `${member.unit.id} ${member.name}`;
      if (!members.has(key)) members.set(key, member);
    }
  }
  return [...members.values()];
}

/** Places in a list in the order to print: by class, then as reached. */
export function printOrder(members: readonly Member[]): number[] {
  return members
    .map((_, place) => place)
    .sort(
      (a, b) =>
        MEMBER_CLASSES.indexOf(members[a]!.class) - MEMBER_CLASSES.indexOf(members[b]!.class) || a - b,
    );
}
