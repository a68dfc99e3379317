/**
 * Makes a build's graph out of its units: which function a name means in a unit once all is linked, and so who calls whom
 * and whose address is taken.
 */
import { Role } from '../symbols/bodies.js';
import { Away } from './build-graph.js';
import { doubled, orderBy, sumUp } from './columns.js';
import { folderOf, type LinkedUnit, linkable } from './linkable.js';
import { OPEN_OF_KIND, Open } from './open-ends.js';
import { binaryOf, SOME_BINARY } from './out-of-reach.js';
import { type Numbers, SymbolFlags, type UnitDump } from './unit-graph.js';
import {
  addBodiesLinked,
  type Emitted,
  emittedCode,
  findName,
  isLinkName,
  State,
  type UnitObject,
  unverifiedCode,
} from './unit-symbols.js';

/** A unit as linking takes it. */
export interface UnitToGraph {
  readonly id: number;
  readonly source: string;
  /** Whether its object was read, so that `object` has what is emitted. */
  readonly isVerified: boolean;
  /** Whether its calls were read. */
  readonly hasCalls: boolean;
  /** Ids of the linked objects that it is in. */
  readonly images: Numbers;
  readonly object: UnitObject;
  /** Asked for where its object was not read. */
  dump(): UnitDump;
}

/** Calls by names, unit by unit. */
export interface CallsToGraph {
  readonly unit: Numbers;
  readonly caller: Numbers;
  readonly callee: Numbers;
  readonly count: Numbers;
}

/** References that are no calls by a function: by a unit to a name, of a `ReferenceKind`. */
export interface ReferencesToGraph {
  readonly unit: Numbers;
  readonly target: Numbers;
  readonly kind: Numbers;
}

export interface BuildToGraph {
  /** Ascending by id. */
  readonly units: readonly UnitToGraph[];
  readonly calls: CallsToGraph;
  readonly references: ReferencesToGraph;
  /** The same to a unit's functions, by code and data that belong to no unit. */
  readonly outside: ReferencesToGraph;
  /** The id of vmlinux, if its ELF file was read; else -1. */
  readonly vmlinux: number;
  /** Whether somebody's calls were not read. */
  readonly callsUnread: boolean;
}

/** A build's bodies and their callers; what is printed of them is added where that is kept. */
export interface LinkedGraph {
  readonly units: readonly GraphUnit[];
  readonly state: Uint8Array;
  readonly open: Uint8Array;
  readonly callerStart: Int32Array;
  readonly caller: Int32Array;
  readonly callCount: Int32Array;
  readonly trampoline: Int32Array;
  readonly handsOnTo: Int32Array;
}

export interface GraphUnit extends Emitted, LinkedUnit {
  readonly id: number;
  readonly away: number;
}

export function linkBuild(build: BuildToGraph): LinkedGraph {
  const units: GraphUnit[] = [];
  let bodies = 0;
  for (const unit of build.units) {
    const made = graphUnit(unit, bodies, build.vmlinux);
    units.push(made);
    bodies += made.bodyCount;
  }
  const state = new Uint8Array(bodies);
  for (const { base, states } of units) state.set(states, base);
  const names = new LinkNames(units, build.vmlinux);
  const direct = directCalls(build.calls, names, bodies);
  const open = openBits(build, units, names, bodies);
  const trampolines = new Trampolines(direct, state);
  trampolines.open(open);
  return { units, state, open, ...trampolines.callers(), ...trampolines.pairs() };
}

function graphUnit(unit: UnitToGraph, base: number, vmlinux: number): GraphUnit {
  const { images } = unit;
  const binary = binaryOf(unit.source);
  const isAway = images.length === 0 && (binary !== undefined || vmlinux >= 0);
  const code = unit.isVerified ? emittedCode(base, isAway, unit.object) : unverifiedCode(base, unit.dump());
  const away = !isAway ? Away.no : (binary ?? SOME_BINARY).runs ? Away.runs : Away.hasRun;
  return { ...code, id: unit.id, away, images, folder: folderOf(unit.source) };
}

/** Finds the bodies that a reference of a unit by a name means. */
class LinkNames {
  readonly #units: readonly GraphUnit[];
  readonly #byId: ReadonlyMap<number, GraphUnit>;
  readonly #vmlinux: number;
  /** Body -> place of its unit. */
  readonly #unitOf: Int32Array;
  /** Global definitions by name: those of name n begin at `start[n]`. */
  readonly #start: Int32Array;
  readonly #bodies: Int32Array;

  constructor(units: readonly GraphUnit[], vmlinux: number) {
    this.#units = units;
    this.#byId = new Map(units.map((unit) => [unit.id, unit]));
    this.#vmlinux = vmlinux;
    const last = units.at(-1);
    this.#unitOf = new Int32Array(last ? last.base + last.bodyCount : 0);
    let most = 0;
    units.forEach(({ base, bodyCount, symbolName }, at) => {
      this.#unitOf.fill(at, base, base + bodyCount);
      most = Math.max(most, symbolName.at(-1) ?? 0);
    });
    this.#start = new Int32Array(most + 2);
    for (const unit of units) eachGlobal(unit, (name) => this.#start[name + 1]!++);
    sumUp(this.#start);
    const next = this.#start.slice();
    this.#bodies = new Int32Array(this.#start[most + 1]!);
    for (const unit of units) eachGlobal(unit, (name, body) => (this.#bodies[next[name]!++] = body));
  }

  /** The unit of an id, if it is of the build. */
  unit(id: number): GraphUnit | undefined {
    return this.#byId.get(id);
  }

  /** @param to a list that is emptied first */
  find(to: number[], unit: GraphUnit, name: number): void {
    if (this.findOwn(to, unit, name)) return;
    const end = this.#start[name + 1] ?? 0;
    for (let at = this.#start[name] ?? 0; at < end; at++) to.push(this.#bodies[at]!);
    if (to.length === 0) return;
    const meant = linkable(to, unit, (body) => this.#units[this.#unitOf[body]!]!, this.#vmlinux);
    if (meant === to) return;
    to.length = 0;
    to.push(...meant);
  }

  /** Whether the unit defines the name itself; what it means then. */
  findOwn(to: number[], { symbolName, symbolBody, symbolFlags }: GraphUnit, name: number): boolean {
    to.length = 0;
    let isDefined = false;
    for (let at = findName({ symbolName }, name); at >= 0 && symbolName[at] === name; at++) {
      const flags = symbolFlags[at]!;
      if (!isLinkName(flags)) continue;
      isDefined = true;
      const body = symbolBody[at]!;
      if (SymbolFlags.role(flags) !== Role.fragment && !to.includes(body)) to.push(body);
    }
    return isDefined;
  }
}

/** Global names of a unit that other units can mean. */
function eachGlobal(
  { symbolName, symbolBody, symbolFlags }: GraphUnit,
  take: (name: number, body: number) => void,
): void {
  for (let symbol = 0; symbol < symbolName.length; symbol++) {
    const flags = symbolFlags[symbol]!;
    const isGlobal = !SymbolFlags.isLocal(flags) && SymbolFlags.role(flags) !== Role.fragment;
    if (isGlobal && isLinkName(flags)) take(symbolName[symbol]!, symbolBody[symbol]!);
  }
}

/** Calls by body: [callee] -> callers and counts, each caller once, ascending. */
interface Calls {
  readonly start: Int32Array;
  readonly caller: Int32Array;
  readonly count: Int32Array;
}

function directCalls({ unit, caller, callee, count }: CallsToGraph, names: LinkNames, bodies: number): Calls {
  const found = new CallPairs();
  const to: number[] = [];
  const by: number[] = [];
  let from: GraphUnit | undefined;
  for (let call = 0; call < callee.length; call++) {
    if (from?.id !== unit[call]) from = names.unit(unit[call]!);
    if (from === undefined) continue;
    names.find(to, from, callee[call]!);
    if (to.length === 0) continue;
    by.length = 0;
    addBodiesLinked(by, from, caller[call]!);
    for (const body of to) for (const one of by) found.add(body, one, count[call]!);
  }
  return found.byCallee(bodies);
}

type ThreeColumns = [Int32Array, Int32Array, Int32Array];

/** Pairs of bodies in columns that grow. */
class CallPairs {
  #columns: ThreeColumns = [new Int32Array(1024), new Int32Array(1024), new Int32Array(1024)];
  #length = 0;

  add(callee: number, caller: number, count: number): void {
    if (this.#length === this.#columns[0].length) this.#columns = this.#columns.map(doubled) as ThreeColumns;
    const at = this.#length++;
    this.#columns[0][at] = callee;
    this.#columns[1][at] = caller;
    this.#columns[2][at] = count;
  }

  get length(): number {
    return this.#length;
  }

  /** As they were added. */
  columns(): { caller: Int32Array; callCount: Int32Array } {
    const [, caller, count] = this.#columns;
    return { caller: caller.subarray(0, this.#length), callCount: count.subarray(0, this.#length) };
  }

  /** Sorted by callee and caller, in two passes; equal pairs become one. */
  byCallee(bodies: number): Calls {
    const [callees, callers, counts] = this.#columns;
    const byCaller = orderBy(callers.subarray(0, this.#length), bodies);
    const order = orderBy(callees.subarray(0, this.#length), bodies, byCaller);
    const start = new Int32Array(bodies + 1);
    const caller = new Int32Array(order.length);
    const count = new Int32Array(order.length);
    let length = 0;
    let last = -1;
    for (const pair of order) {
      const callee = callees[pair]!;
      if (callee === last && caller[length - 1] === callers[pair]) {
        count[length - 1]! += counts[pair]!;
        continue;
      }
      last = callee;
      caller[length] = callers[pair]!;
      count[length++] = counts[pair]!;
      start[callee + 1]!++;
    }
    return { start: sumUp(start), caller: caller.subarray(0, length), count: count.subarray(0, length) };
  }
}

function openBits(
  build: BuildToGraph,
  units: readonly GraphUnit[],
  names: LinkNames,
  bodies: number,
): Uint8Array {
  const open = new Uint8Array(bodies);
  units.forEach((unit, at) => {
    const { base, bodyCount } = unit;
    if (!build.units[at]!.hasCalls) open.fill(Open.callersUnknown, base, base + bodyCount);
    if (build.callsUnread) eachGlobal(unit, (_, body) => (open[body]! |= Open.callersUnknown));
  });
  const to: number[] = [];
  const refer = ({ unit, target, kind }: ReferencesToGraph, isOutside: boolean) => {
    for (let at = 0; at < unit.length; at++) {
      const from = names.unit(unit[at]!);
      if (from === undefined) continue;
      if (isOutside) names.findOwn(to, from, target[at]!);
      else names.find(to, from, target[at]!);
      for (const body of to) open[body]! |= OPEN_OF_KIND[kind[at]!]!;
    }
  };
  refer(build.references, false);
  refer(build.outside, true);
  return open;
}

/** Passes on through trampolines: who calls one calls what it hands on to. */
class Trampolines {
  readonly #direct: Calls;
  readonly #state: Uint8Array;

  constructor(direct: Calls, state: Uint8Array) {
    this.#direct = direct;
    this.#state = state;
  }

  /** A body, and the trampolines that hand on to it. */
  #through(body: number): readonly number[] {
    const { start, caller } = this.#direct;
    const through = [body];
    for (const one of through) {
      for (let at = start[one]!; at < start[one + 1]!; at++) {
        const by = caller[at]!;
        if (this.#state[by] === State.trampoline && !through.includes(by)) through.push(by);
      }
    }
    return through;
  }

  /** Who takes a trampoline's address takes that of what it hands on to. */
  open(open: Uint8Array): void {
    const own = open.slice();
    this.#each((body, trampoline) => {
      open[body]! |= own[trampoline]! & ~Open.callersUnknown;
    });
  }

  pairs(): Pick<LinkedGraph, 'trampoline' | 'handsOnTo'> {
    const trampolines: number[] = [];
    const bodies: number[] = [];
    this.#each((body, trampoline) => {
      trampolines.push(trampoline);
      bodies.push(body);
    });
    return { trampoline: Int32Array.from(trampolines), handsOnTo: Int32Array.from(bodies) };
  }

  #each(take: (body: number, trampoline: number) => void): void {
    for (let body = 0; body < this.#state.length; body++) {
      if (!this.#hasTrampoline(body)) continue;
      for (const one of this.#through(body)) if (one !== body) take(body, one);
    }
  }

  callers(): Pick<LinkedGraph, 'callerStart' | 'caller' | 'callCount'> {
    const { start, caller, count } = this.#direct;
    const bodies = start.length - 1;
    const callerStart = new Int32Array(bodies + 1);
    const calls = new CallPairs();
    for (let body = 0; body < bodies; body++) {
      if (this.#hasTrampoline(body)) {
        for (const [by, times] of this.#handedOn(body)) calls.add(body, by, times);
      } else {
        for (let at = start[body]!; at < start[body + 1]!; at++) {
          if (caller[at] !== body) calls.add(body, caller[at]!, count[at]!);
        }
      }
      callerStart[body + 1] = calls.length;
    }
    return { callerStart, ...calls.columns() };
  }

  #handedOn(body: number): [caller: number, count: number][] {
    const { start, caller, count } = this.#direct;
    const found = new Map<number, number>();
    for (const one of this.#through(body)) {
      for (let at = start[one]!; at < start[one + 1]!; at++) {
        const by = caller[at]!;
        if (by === body || this.#state[by] === State.trampoline) continue;
        found.set(by, (found.get(by) ?? 0) + count[at]!);
      }
    }
    return [...found].sort(([a], [b]) => a - b);
  }

  #hasTrampoline(body: number): boolean {
    const { start, caller } = this.#direct;
    for (let at = start[body]!; at < start[body + 1]!; at++) {
      if (this.#state[caller[at]!] === State.trampoline) return true;
    }
    return false;
  }
}
