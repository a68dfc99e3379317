import { type Member, type ReachAnswer, symposOf } from '../reach/answer.js';
import { Identifiers, identifierPart } from './c-text.js';
import { membersOnce } from './reach-report.js';
import { alsoText } from './sentences.js';

/** A function to name in a livepatch: a body in one of its linked objects. */
export interface Target {
  /** `vmlinux` or a module's name; null where nothing tells. */
  readonly object: string | null;
  readonly name: string;
  /** `klp_func.old_sympos`; null where no linked object tells. */
  readonly sympos: number | null;
  readonly build: string;
  /** Other names of its code, in words: {@link alsoText}. */
  readonly also: string;
  /** Which body of the index it is, by whatever name. */
  readonly body: string;
}

/** What is to be replaced for all of the answers together: vmlinux first, then modules by name, then by function. */
export function targetsOf(answers: readonly ReachAnswer[]): Target[] {
  const bodies = new Map<string, Member>();
  for (const member of answers.flatMap(membersOnce)) {
    const body = bodyKey(member);
    if (member.class === 'patch' && !bodies.has(body)) bodies.set(body, member);
  }
  const targets = [...bodies].flatMap(([body, member]) =>
    placesOf(member).map((place) => ({
      body,
      name: member.name,
      build: member.unit.build,
      also: alsoText(member),
      ...place,
      path: member.unit.path,
    })),
  );
  return targets.sort(
    (a, b) =>
      objectRank(a.object) - objectRank(b.object) ||
      compare(a.object ?? '', b.object ?? '') ||
      compare(a.name, b.name) ||
      (a.sympos ?? 0) - (b.sympos ?? 0) ||
      compare(a.path, b.path),
  );
}

/** As SUSE's klp-build names what replaces a function, in patched_funcs.csv and in C. */
const PREFIX = 'klpp_';

/** What the functions that replace others are called: another body has another name, whatever object it is in. */
export class Replacements {
  readonly #given = new Map<string, string>();
  readonly #builds = new Map<string, Identifiers>();

  of({ build, body, name }: Target): string {
    let identifier = this.#given.get(body);
    if (identifier === undefined) {
      const identifiers = this.#builds.get(build) ?? new Identifiers();
      this.#builds.set(build, identifiers);
      identifier = identifiers.give(PREFIX + identifierPart(name));
      this.#given.set(body, identifier);
    }
    return identifier;
  }
}

/** Answers for two names of a body call it by either. */
function bodyKey({ unit, name, symbol }: Member): string {
  return `${unit.id} ${symbol ? `${symbol.sectionIndex}:${symbol.value}` : name}`;
}

/** Where a body is linked: it has to be replaced in each. */
function placesOf({ places, unplaced }: Member): Pick<Target, 'object' | 'sympos'>[] {
  const known = places.map((place) => ({ object: place.object, sympos: symposOf(place) }));
  const all = [...known, ...unplaced.map((object) => ({ object, sympos: null }))];
  return all.length === 0 ? [{ object: null, sympos: null }] : all;
}

function objectRank(object: string | null): number {
  return object === 'vmlinux' ? 0 : object === null ? 2 : 1;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
