import { doubled } from '../graph/columns.js';
import type { Member, MemberClass, ReachAnswer, UnitAnswer } from '../reach/answer.js';
import type { Verdict } from '../reach/patch-set.js';

/** A member with where it stands: its chain and what calls it are told by places in the list of its unit. */
export interface Shown {
  readonly member: Member;
  readonly unit: UnitAnswer;
  readonly place: number;
}

/** The union of an answer's members over its units, each body once, as reached. */
export function* shownOnce({ units }: ReachAnswer): Generator<Shown> {
  // In one unit each stands once; a set of a million keys takes seconds.
  const seen = units.length > 1 ? new Set<number>() : undefined;
  for (const unit of units) {
    const { members } = unit;
    for (let place = 0; place < members.length; place++) {
      const member = members[place]!;
      if (seen?.has(member.key)) continue;
      seen?.add(member.key);
      yield { member, unit, place };
    }
  }
}

/** What is read from the front or at places: an array, or what makes its items when they are asked for. */
export interface Listed<T> extends Iterable<T> {
  readonly length: number;
  at(place: number): T | undefined;
}

/** Members of an answer as places in its units: there can be a million. */
class ShownList implements Listed<Shown> {
  readonly #units: UnitAnswer[] = [];
  /** The first item of each of these units. */
  readonly #first: number[] = [];
  #places: Int32Array = new Int32Array(FIRST_SIZE);
  length = 0;

  /** Those of a unit one after the other. */
  add({ unit, place }: Shown): void {
    if (this.#units.at(-1) !== unit) {
      this.#units.push(unit);
      this.#first.push(this.length);
    }
    if (this.length === this.#places.length) this.#places = doubled(this.#places);
    this.#places[this.length++] = place;
  }

  at(nth: number): Shown | undefined {
    return nth < this.length
      ? this.#shown(
          this.#first.findLastIndex((first) => first <= nth),
          nth,
        )
      : undefined;
  }

  *[Symbol.iterator](): Generator<Shown> {
    for (let unit = 0; unit < this.#units.length; unit++) {
      const end = this.#first[unit + 1] ?? this.length;
      for (let nth = this.#first[unit]!; nth < end; nth++) yield this.#shown(unit, nth);
    }
  }

  #shown(of: number, nth: number): Shown {
    const unit = this.#units[of]!;
    const place = this.#places[nth]!;
    return { member: unit.members[place]!, unit, place };
  }
}

const FIRST_SIZE = 16;

/** One function's answer as a person looks at it: what its units have together, by class. */
export class AnswerView {
  readonly answer: ReachAnswer;
  readonly #byClass = new Map<MemberClass, ShownList>();
  /** Stuck members that keep the old code, as reached. */
  readonly deadEnds: Shown[] = [];
  /** The other stuck ones, as reached. */
  readonly stuck: Shown[] = [];

  constructor(answer: ReachAnswer) {
    this.answer = answer;
    for (const shown of shownOnce(answer)) {
      const { class: of, stuck, deadEnd } = shown.member;
      let list = this.#byClass.get(of);
      if (!list) {
        list = new ShownList();
        this.#byClass.set(of, list);
      }
      list.add(shown);
      if (deadEnd) this.deadEnds.push(shown);
      else if (stuck !== null) this.stuck.push(shown);
    }
  }

  /** As reached. */
  of(member: MemberClass): Listed<Shown> {
    return this.#byClass.get(member) ?? [];
  }

  count(of: MemberClass): number {
    return this.#byClass.get(of)?.length ?? 0;
  }

  /** What an answer of several units comes to: their verdict if they have one, else what their members say. */
  get verdict(): Verdict {
    const verdicts = new Set(this.answer.units.map(({ verdict }) => verdict));
    if (verdicts.size === 1) return [...verdicts][0]!;
    if (this.count('patch') > 0) return this.deadEnds.length > 0 ? 'partial' : 'patch';
    return MIXED.find((verdict) => verdicts.has(verdict))!;
  }
}

/** Of units that differ where nothing can be replaced, what is to be said first. */
const MIXED: readonly Verdict[] = [
  'unverified',
  'unpatchable',
  'init-only',
  'unused',
  'discarded',
  'gone-everywhere',
];

/** What is replaced in a stuck member's stead: whatever reaches it by calls through other stuck members. */
export function standInsOf({ unit: { members }, place }: Shown): Member[] {
  const seen = new Set([place]);
  const found: Member[] = [];
  for (const at of seen) {
    for (const caller of members[at]!.calledBy) {
      if (seen.has(caller)) continue;
      seen.add(caller);
      if (members[caller]!.class === 'patch') found.push(members[caller]!);
    }
  }
  return found;
}

/** Groups in the order of their first items. */
export function groupBy<T>(list: Iterable<T>, keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of list) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
