import type { Answer } from './answer.js';
import type { NaiveUnit } from './naive-unit.js';
import type { Body } from './oracle.js';

export interface Member {
  readonly unit: NaiveUnit;
  readonly body: Body;
}

type Kind = 'patch' | 'clone' | 'blocked' | 'init' | 'discarded';

/** The patch sets of a whole program, by the definitions. */
export class NaiveBuild {
  readonly #callers = new Map<Body, readonly Member[]>();

  /** @param units in the order in which they would be linked */
  constructor(readonly units: readonly NaiveUnit[]) {}

  /** Gives nothing where the unit has no such function. */
  ask(unitName: string, symbol: string): Answer | undefined {
    const unit = this.unit(unitName);
    const nodes = unit.affected(symbol);
    const bodies = unit.affectedBodies(symbol);
    if (nodes.size === 0 && bodies.size === 0) return undefined;
    const members = this.#closed([...bodies].map((body) => ({ unit, body })));
    const namesOf = (kind: Kind) =>
      new Set(
        members
          .filter((one) => this.#kind(one) === kind)
          .map((one) => `${one.unit.name}:${one.body.names[0]}`),
      );
    const gone = [...nodes].filter((node) => unit.bodiesOf(node).size === 0);
    return {
      patch: namesOf('patch'),
      clone: namesOf('clone'),
      blocked: namesOf('blocked'),
      init: namesOf('init'),
      discarded: namesOf('discarded'),
      gone: new Set(gone.flatMap(({ names }) => [...names].map((name) => `${unit.name}:${name}`))),
      complete: true,
    };
  }

  unit(name: string): NaiveUnit {
    return this.units.find((unit) => unit.name === name)!;
  }

  /** What calls a body once the program is linked: no code of a weak definition that lost. */
  callers(member: Member): readonly Member[] {
    const known = this.#callers.get(member.body);
    if (known !== undefined) return known;
    const callers = this.units
      .flatMap((from) => this.#callersIn(from, member))
      .filter((caller) => this.#kind(caller) !== 'discarded');
    this.#callers.set(member.body, callers);
    return callers;
  }

  /** What calls a body where its own unit's definition of the name is the one that counts. */
  callersBeforeLinking(member: Member): readonly Member[] {
    return this.#callersNaming(member.unit, (callee) =>
      member.unit.calledBodies(callee).includes(member.body),
    );
  }

  #callersIn(from: NaiveUnit, { unit, body }: Member): Member[] {
    return this.#callersNaming(from, (callee) => {
      const definer = this.#definer(from, callee);
      return definer === unit && unit.calledBodies(callee).includes(body);
    });
  }

  #callersNaming(from: NaiveUnit, isMeant: (callee: string) => boolean): Member[] {
    const callers = from.calls.filter(({ callee }) => isMeant(callee));
    const bodies = new Set(callers.flatMap(({ caller }) => from.truth.bodyOf.get(caller) ?? []));
    return [...bodies].map((body) => ({ unit: from, body }));
  }

  /** The unit whose definition a reference from a unit means: of weak definitions the first, if there is no strong one. */
  #definer(from: NaiveUnit, name: string): NaiveUnit | undefined {
    if (from.truth.bindings.get(name) === 'local') return from;
    const bindingIn = (unit: NaiveUnit) => unit.truth.bindings.get(name);
    return (
      this.units.find((unit) => bindingIn(unit) === 'global') ??
      this.units.find((unit) => bindingIn(unit) === 'weak')
    );
  }

  /** The list grows while it is gone through: a stuck caller has callers in turn. */
  #closed(start: readonly Member[]): readonly Member[] {
    const members = new Map(start.map((member) => [member.body, member]));
    for (const member of members.values()) {
      if (this.#kind(member) !== 'clone' && this.#kind(member) !== 'blocked') continue;
      for (const caller of this.callers(member))
        if (!members.has(caller.body)) members.set(caller.body, caller);
    }
    return [...members.values()];
  }

  #kind({ unit, body }: Member): Kind {
    const isLost = (name: string) =>
      unit.truth.bindings.get(name) === 'weak' && this.#definer(unit, name) !== unit;
    if (body.names.every(isLost)) return 'discarded';
    if (body.sectionName.startsWith('.init.text')) return 'init';
    if (unit.isClone(body)) return 'clone';
    return unit.truth.sites.has(body) ? 'patch' : 'blocked';
  }
}
