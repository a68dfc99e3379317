import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Away } from '../../src/graph/build-graph.js';
import { Open } from '../../src/graph/open-ends.js';
import { isStuck, State } from '../../src/graph/unit-symbols.js';
import type { CodeGraph } from '../../src/reach/code-graph.js';
import { PatchSets, type Verdict } from '../../src/reach/patch-set.js';

/** A build's code, made up: of each body what it is, who calls it, what is open, and whether its binary runs. */
interface Drawn {
  readonly state: number;
  readonly callers: readonly number[];
  readonly open: number;
  /** In a binary that livepatch cannot reach: whether that runs. */
  readonly away: boolean | undefined;
}

const BODIES = 9;

const body: fc.Arbitrary<Drawn> = fc
  .record({
    state: fc.constantFrom(
      State.redirectable,
      State.clone,
      State.clone,
      State.noSite,
      State.noSite,
      State.outOfReach,
      State.moduleExit,
      State.unverified,
      State.unverifiedClone,
      State.init,
      State.discarded,
    ),
    callers: fc.uniqueArray(fc.nat(BODIES - 1), { maxLength: 3 }),
    open: fc.subarray([Open.address, Open.nodumpCaller, Open.callersUnknown, Open.initCaller], {
      maxLength: 2,
    }),
    runs: fc.boolean(),
  })
  .map(({ state, callers, open, runs }) => ({
    state,
    callers,
    // Most ends are closed.
    open: open.length === 2 ? 0 : (open[0] ?? 0),
    away: state === State.outOfReach ? runs : undefined,
  }));
const build = fc
  .array(body, { minLength: BODIES, maxLength: BODIES })
  .map((all) => all.map((one, at) => ({ ...one, callers: one.callers.filter((caller) => caller !== at) })));
const asked = fc.uniqueArray(fc.nat(BODIES - 1), { maxLength: 3 });

function graphOf(drawn: readonly Drawn[]): CodeGraph {
  const callers = drawn.map((one) => Int32Array.from(one.callers));
  const graph: Pick<CodeGraph, 'state' | 'callers' | 'open' | 'away' | 'bodyCount'> = {
    state: (at) => drawn[at]!.state,
    callers: (at) => callers[at]!,
    open: (at) => drawn[at]!.open,
    away: (at) => {
      const { away } = drawn[at]!;
      return away === undefined ? Away.no : away ? Away.runs : Away.hasRun;
    },
    bodyCount: drawn.length,
  };
  return graph as CodeGraph;
}

/** DOMAIN section 4, word for word, by adding until nothing is left to add. */
class Naive {
  readonly #drawn: readonly Drawn[];
  readonly #all: readonly number[];
  readonly live: ReadonlySet<number>;
  readonly #led: ReadonlySet<number>;

  constructor(drawn: readonly Drawn[]) {
    this.#drawn = drawn;
    this.#all = drawn.map((_, at) => at);
    this.live = this.#grow(
      this.#all.filter((at) => this.#stuck(at) && (this.#ends(at) || drawn[at]!.away === true)),
    );
    this.#led = this.#grow([]);
  }

  /** A stuck body belongs in if a redirectable one calls it, or a stuck one that is in. */
  #grow(first: readonly number[]): Set<number> {
    const grown = new Set(first);
    for (let before = -1; before !== grown.size; ) {
      before = grown.size;
      for (const at of this.#all) {
        const called = this.#drawn[at]!.callers.some(
          (caller) => this.#replaceable(caller) || grown.has(caller),
        );
        if (this.#stuck(at) && called) grown.add(at);
      }
    }
    return grown;
  }

  #stuck(at: number): boolean {
    return isStuck(this.#drawn[at]!.state);
  }

  /** What may be redirectable counts. */
  #replaceable(at: number): boolean {
    return this.#drawn[at]!.state === State.redirectable || this.#drawn[at]!.state === State.unverified;
  }

  #ends(at: number): boolean {
    return (this.#drawn[at]!.open & ~Open.initCaller) !== 0;
  }

  isDeadEnd(at: number): boolean {
    return this.live.has(at) && !this.#led.has(at);
  }

  openEnds(at: number): number {
    const { open, away } = this.#drawn[at]!;
    return this.live.has(at) && away === undefined ? open & ~Open.initCaller : 0;
  }

  members(bodies: readonly number[]): Set<number> {
    const members = new Set(bodies);
    for (let before = -1; before !== members.size; ) {
      before = members.size;
      for (const at of [...members]) {
        if (!this.#stuck(at)) continue;
        for (const caller of this.#drawn[at]!.callers) {
          if (this.#drawn[caller]!.state !== State.discarded) members.add(caller);
        }
      }
    }
    return members;
  }

  verdict(bodies: readonly number[]): Verdict {
    const members = [...this.members(bodies)];
    const has = (...states: number[]) => members.some((at) => states.includes(this.#drawn[at]!.state));
    if (has(State.unverified, State.unverifiedClone)) return 'unverified';
    const dead = members.some((at) => this.isDeadEnd(at));
    if (has(State.redirectable)) return dead ? 'partial' : 'patch';
    if (dead) return 'unpatchable';
    if (bodies.length === 0) return 'gone-everywhere';
    if (bodies.every((at) => this.#drawn[at]!.state === State.discarded)) return 'discarded';
    const initCalls = members.some(
      (at) => this.#stuck(at) && (this.#drawn[at]!.open & Open.initCaller) !== 0,
    );
    return has(State.init) || initCalls ? 'init-only' : 'unused';
  }
}

const sorted = (some: Iterable<number>) => [...some].sort((a, b) => a - b);

test('a patch set is the least set that the definition allows, with its verdict', () => {
  fc.assert(
    fc.property(build, asked, (drawn, bodies) => {
      const sets = new PatchSets(graphOf(drawn));
      const naive = new Naive(drawn);
      const { members, verdict } = sets.close(bodies);
      expect(sorted(members)).toEqual(sorted(naive.members(bodies)));
      expect(verdict).toBe(naive.verdict(bodies));
    }),
    { numRuns: 3000 },
  );
});

test('what is live, a dead end or open does not depend on what was asked before', () => {
  fc.assert(
    fc.property(build, fc.shuffledSubarray([...Array(BODIES).keys()]), (drawn, order) => {
      const sets = new PatchSets(graphOf(drawn));
      const naive = new Naive(drawn);
      for (const at of order.filter((one) => isStuck(drawn[one]!.state))) {
        expect(sets.isLive(at)).toBe(naive.live.has(at));
        expect(sets.isDeadEnd(at)).toBe(naive.isDeadEnd(at));
        expect(sets.openEnds(at)).toBe(naive.openEnds(at));
      }
    }),
    { numRuns: 3000 },
  );
});

test('the sets that all answers share are the sets of single questions', () => {
  fc.assert(
    fc.property(build, fc.array(asked, { minLength: 1, maxLength: 6 }), (drawn, questions) => {
      const shared = new PatchSets(graphOf(drawn));
      for (const bodies of questions) {
        const alone = new PatchSets(graphOf(drawn)).close(bodies);
        const { members, verdict } = shared.closeShared(bodies);
        expect(sorted(members)).toEqual(sorted(alone.members));
        expect(members).toHaveLength(alone.members.length);
        expect(verdict).toBe(alone.verdict);
      }
    }),
    { numRuns: 3000 },
  );
});

test('each member but those asked about calls a stuck one before it', () => {
  fc.assert(
    fc.property(build, asked, (drawn, bodies) => {
      const closed = new PatchSets(graphOf(drawn)).close(bodies);
      const { calls } = closed;
      const members = Array.from(closed.members);
      expect(members.slice(0, bodies.length)).toEqual(bodies);
      expect(calls).toHaveLength(members.length - bodies.length);
      members.slice(bodies.length).forEach((member, nth) => {
        const place = calls[nth]!;
        expect(place).toBeGreaterThanOrEqual(0);
        expect(place).toBeLessThan(bodies.length + nth);
        const callee = members[place]!;
        expect(drawn[callee]!.callers).toContain(member);
        expect(isStuck(drawn[callee]!.state)).toBe(true);
      });
    }),
    { numRuns: 1000 },
  );
});

test('a chain and a ring of 100,000 stuck bodies are closed without a stack', () => {
  const length = 100_000;
  const drawn = Array.from(
    { length },
    (_, at): Drawn => ({
      state: at === length - 1 ? State.redirectable : State.noSite,
      callers: at === length - 1 ? [] : at === length - 2 ? [length - 1, 0] : [at + 1],
      open: 0,
      away: undefined,
    }),
  );
  const sets = new PatchSets(graphOf(drawn));
  expect(sets.closeShared([5]).members).toHaveLength(length);
  expect(sets.close([5])).toMatchObject({ verdict: 'patch', members: { length } });
});
