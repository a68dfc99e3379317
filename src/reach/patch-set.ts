/**
 * The patch set (DOMAIN section 4): what a livepatch has to replace when some bodies hold changed code. The one place
 * that decides what is patched, what stands in for what, what keeps the old code and what is open.
 */
import { Away } from '../graph/build-graph.js';
import { Open } from '../graph/open-ends.js';
import type { Numbers } from '../graph/unit-graph.js';
import { isStuck, State } from '../graph/unit-symbols.js';
import type { CodeGraph } from './code-graph.js';

/** In one unit of F; `unverified` where nothing tells whether something is emitted. */
export type Verdict =
  | 'patch'
  | 'partial'
  | 'unpatchable'
  | 'init-only'
  | 'discarded'
  | 'unused'
  | 'gone-everywhere'
  | 'unverified';

/** A least set of bodies that is closed over its stuck members. */
export interface PatchSet {
  /** Bodies of the graph: those that were asked about first, each other one after the one it calls. */
  readonly members: ArrayLike<number> & Iterable<number>;
  /** Of each member but those that were asked about: the place of the stuck member that it calls. */
  readonly calls: readonly number[];
  readonly verdict: Verdict;
}

/** What is true of a stuck body whatever is asked. */
const Fact = {
  known: 1,
  /** It may run. */
  live: 2,
  /** A redirectable body calls it, perhaps through other stuck ones. */
  replaced: 4,
} as const;

/** What a set has, for its verdict. */
const Has = { patch: 1, deadEnd: 2, init: 4, unverified: 8, notDiscarded: 16 } as const;

const OPEN_BITS = Open.address | Open.nodumpCaller | Open.callersUnknown;

/** The members that closing over one stuck body gives, and what is in them. */
interface StandIns {
  readonly members: Int32Array;
  readonly has: number;
}

const NOBODY: readonly never[] = [];

export class PatchSets {
  readonly graph: CodeGraph;
  /** Stuck body -> `Fact` bits. */
  #facts: Uint8Array;
  readonly #standIns = new Map<number, StandIns>();
  /** Body -> the last union that it was added to. */
  #mark: Int32Array;
  #unions = 0;

  constructor(graph: CodeGraph) {
    this.graph = graph;
    this.#facts = new Uint8Array(graph.bodyCount);
    this.#mark = new Int32Array(graph.bodyCount);
  }

  /** Folding makes bodies that were not there before. */
  #makeRoom(): void {
    const { bodyCount } = this.graph;
    if (bodyCount <= this.#facts.length) return;
    const facts = new Uint8Array(bodyCount + 64);
    facts.set(this.#facts);
    this.#facts = facts;
    const mark = new Int32Array(bodyCount + 64);
    mark.set(this.#mark);
    this.#mark = mark;
  }

  #newUnion(): number {
    this.#makeRoom();
    return ++this.#unions;
  }

  /**
   * Closes over the callers of stuck bodies, and tells for each member what it calls.
   *
   * @param bodies the emitted bodies of affected(F) in one unit, each once
   */
  close(bodies: ArrayLike<number> & Iterable<number>): PatchSet {
    const { graph } = this;
    let has = 0;
    let stuck = false;
    for (let at = 0; at < bodies.length; at++) {
      has |= this.#hasOf(bodies[at]!);
      if (isStuck(graph.state(bodies[at]!))) stuck = true;
    }
    if (!stuck) return { members: bodies, calls: NOBODY, verdict: verdictOf(bodies, has) };
    const members = Array.from(bodies);
    const calls: number[] = [];
    const union = this.#newUnion();
    for (const body of members) this.#mark[body] = union;
    for (let at = 0; at < members.length; at++) {
      const callee = members[at]!;
      if (at >= bodies.length) has |= this.#hasOf(callee);
      if (!isStuck(graph.state(callee))) continue;
      const callers = graph.callers(callee);
      for (let nth = 0; nth < callers.length; nth++) {
        const caller = callers[nth]!;
        if (this.#mark[caller] === union || graph.state(caller) === State.discarded) continue;
        this.#mark[caller] = union;
        members.push(caller);
        calls.push(at);
      }
    }
    return { members, calls, verdict: verdictOf(bodies, has) };
  }

  /** The same set, by the stand-ins that all answers share, for whoever asks for very many. */
  closeShared(bodies: readonly number[]): {
    members: ArrayLike<number> & Iterable<number>;
    verdict: Verdict;
  } {
    const { graph } = this;
    let has = 0;
    let stuck = 0;
    for (const body of bodies) {
      const closed = isStuck(graph.state(body));
      if (closed) stuck++;
      has |= closed ? this.standIns(body).has : this.#hasOf(body);
    }
    const verdict = verdictOf(bodies, has);
    if (stuck === 0) return { members: bodies, verdict };
    if (bodies.length === 1) return { members: this.standIns(bodies[0]!).members, verdict };
    return { members: this.#unite(bodies), verdict };
  }

  /** Whether a stuck body may run. */
  isLive(body: number): boolean {
    return (this.#factsOf(body) & Fact.live) !== 0;
  }

  /** Whether a stuck body runs and nothing that could be replaced leads to it: it keeps the old code. */
  isDeadEnd(body: number): boolean {
    return (this.#factsOf(body) & (Fact.live | Fact.replaced)) === Fact.live;
  }

  /** `Open` bits of a live stuck body: why it may run though no caller that was found leads to it. */
  openEnds(body: number): number {
    const { graph } = this;
    if (!isStuck(graph.state(body)) || graph.away(body) !== Away.no || !this.isLive(body)) return 0;
    return graph.open(body) & OPEN_BITS;
  }

  #hasOf(body: number): number {
    const { graph } = this;
    const state = graph.state(body);
    if (state === State.redirectable) return Has.patch | Has.notDiscarded;
    if (state === State.init) return Has.init | Has.notDiscarded;
    if (state === State.discarded) return 0;
    if (state === State.unverified || state === State.unverifiedClone)
      return Has.unverified | Has.notDiscarded;
    const init = (graph.open(body) & Open.initCaller) === 0 ? 0 : Has.init;
    return (this.isDeadEnd(body) ? Has.deadEnd : 0) | init | Has.notDiscarded;
  }

  #factsOf(body: number): number {
    this.#makeRoom();
    return this.#facts[body]! || this.#settle(body);
  }

  /** Decides for a stuck body and all stuck bodies that lead to it. */
  #settle(body: number): number {
    const { graph } = this;
    const open = [body];
    const among = new Set(open);
    const calledBy = new Map<number, number[]>();
    for (let at = 0; at < open.length; at++) {
      for (const caller of graph.callers(open[at]!)) {
        if (!isStuck(graph.state(caller))) continue;
        const callees = calledBy.get(caller);
        if (callees) callees.push(open[at]!);
        else calledBy.set(caller, [open[at]!]);
        if (among.has(caller) || this.#facts[caller] !== 0) continue;
        among.add(caller);
        open.push(caller);
      }
    }
    for (const stuck of open) this.#facts[stuck] = this.#ownFacts(stuck);
    const spread = [...calledBy.keys()];
    for (let caller = spread.pop(); caller !== undefined; caller = spread.pop()) {
      const handed = this.#facts[caller]!;
      for (const callee of calledBy.get(caller) ?? []) {
        const before = this.#facts[callee]!;
        if ((before | handed) === before) continue;
        this.#facts[callee] = before | handed;
        spread.push(callee);
      }
    }
    return this.#facts[body]!;
  }

  #ownFacts(body: number): number {
    const { graph } = this;
    let facts: number = Fact.known;
    if ((graph.open(body) & OPEN_BITS) !== 0 || graph.away(body) === Away.runs) facts |= Fact.live;
    for (const caller of graph.callers(body)) {
      const state = graph.state(caller);
      if (state === State.redirectable || state === State.unverified) facts |= Fact.live | Fact.replaced;
    }
    return facts;
  }

  /**
   * The members that closing over one stuck body gives, itself among them; kept, as many answers share them. Strongly
   * connected stuck bodies have the same ones, made of those of their callers: Tarjan's order of components gives that.
   */
  standIns(from: number): StandIns {
    const known = this.#standIns.get(from);
    if (known) return known;
    const { graph } = this;
    const order = new Map<number, number>();
    const low = new Map<number, number>();
    const component: number[] = [];
    const inComponent = new Set<number>();
    const stack: { body: number; next: number; callers: Numbers }[] = [];
    const enter = (body: number) => {
      low.set(body, order.size);
      order.set(body, order.size);
      component.push(body);
      inComponent.add(body);
      stack.push({ body, next: 0, callers: graph.callers(body) });
    };
    enter(from);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const caller = top.callers[top.next++];
      if (caller !== undefined) {
        if (!isStuck(graph.state(caller)) || this.#standIns.has(caller)) continue;
        if (!order.has(caller)) enter(caller);
        else if (inComponent.has(caller)) low.set(top.body, Math.min(low.get(top.body)!, order.get(caller)!));
        continue;
      }
      stack.pop();
      const below = stack.at(-1);
      if (below) low.set(below.body, Math.min(low.get(below.body)!, low.get(top.body)!));
      if (low.get(top.body) !== order.get(top.body)) continue;
      const bodies = component.splice(component.lastIndexOf(top.body));
      const members = this.#unite(bodies);
      let has = 0;
      for (const body of members) has |= this.#hasOf(body);
      for (const body of bodies) {
        inComponent.delete(body);
        this.#standIns.set(body, { members, has });
      }
    }
    return this.#standIns.get(from)!;
  }

  /** Bodies, and what their callers' stand-ins add; of stuck callers, those are known by now or are the bodies themselves. */
  #unite(bodies: readonly number[]): Int32Array {
    const { graph } = this;
    const union = this.#newUnion();
    const all: number[] = [];
    const add = (body: number) => {
      if (this.#mark[body] === union) return;
      this.#mark[body] = union;
      all.push(body);
    };
    for (const body of bodies) add(body);
    for (const body of bodies) {
      if (!isStuck(graph.state(body))) continue;
      const closed = this.#standIns.get(body);
      if (closed) for (const member of closed.members) add(member);
      else {
        for (const caller of graph.callers(body)) {
          if (graph.state(caller) === State.discarded) continue;
          add(caller);
          for (const member of this.#standIns.get(caller)?.members ?? []) add(member);
        }
      }
    }
    return Int32Array.from(all);
  }
}

/** @param has `Has` bits of all members */
function verdictOf(bodies: ArrayLike<number>, has: number): Verdict {
  if ((has & Has.unverified) !== 0) return 'unverified';
  if ((has & Has.patch) !== 0) return (has & Has.deadEnd) === 0 ? 'patch' : 'partial';
  if ((has & Has.deadEnd) !== 0) return 'unpatchable';
  if (bodies.length === 0) return 'gone-everywhere';
  if ((has & Has.notDiscarded) === 0) return 'discarded';
  return (has & Has.init) === 0 ? 'unused' : 'init-only';
}
