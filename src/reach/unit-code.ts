/**
 * One unit's code in columns: what its object and its dump have, what each body is to a livepatch, and what names mean
 * there (DOMAIN section 4).
 */
import type { UnitRow } from '../index/reader.js';
import {
  decodeDump,
  type Numbers,
  SymbolFlags,
  type UnitDump,
  type UnitLinked,
} from '../index/unit-graph.js';
import { Role } from '../symbols/bodies.js';
import { Lifetime } from '../symbols/section-lifetime.js';
import { ascendingOnce } from './ascending-once.js';
import type { OtherBinary } from './out-of-reach.js';

/** What a livepatch can do about a body. */
export const State = {
  redirectable: 0,
  /** Stuck, for the reason that the name says. */
  clone: 1,
  noSite: 2,
  outOfReach: 3,
  moduleExit: 4,
  folded: 5,
  /** No object tells whether it exists; if it does, it is a stuck clone. */
  unverifiedClone: 6,
  /** No object tells whether it exists. */
  unverified: 7,
  /** Has run and is freed. */
  init: 8,
  /** All its names are weak definitions that lost. */
  discarded: 9,
  /** Hands on to another function: no member of any answer. */
  trampoline: 10,
  /** A part of another body. */
  fragment: 11,
} as const;

export function isStuck(state: number): boolean {
  return state >= State.clone && state <= State.unverifiedClone;
}

/** One unit's code in columns. Bodies count from `base` in the graph; nodes and edges are the dump's. */
export interface UnitCode extends UnitDump {
  readonly row: UnitRow;
  /** The first of its bodies in the graph. */
  readonly base: number;
  readonly bodyCount: number;
  /** Symbols, ascending by name: name, body (in the graph; of a fragment its function's), flags as in SymbolFlags. */
  readonly symbolName: Numbers;
  readonly symbolBody: Int32Array;
  readonly symbolFlags: Numbers;
  /** Ids of linked objects. */
  readonly images: Numbers;
  /** The binary that livepatch cannot reach, if it is in one. */
  readonly away: OtherBinary | undefined;
}

/** What an object has of a unit, or else its dump. */
interface Emitted extends Pick<UnitCode, 'symbolName' | 'symbolBody' | 'symbolFlags'> {
  /** By body. */
  readonly states: Uint8Array;
}

/** A unit whose dump is decoded when something of it is asked for. */
export class LoadedUnit implements UnitCode {
  readonly row: UnitRow;
  readonly base: number;
  readonly bodyCount: number;
  readonly symbolName: Numbers;
  readonly symbolBody: Int32Array;
  readonly symbolFlags: Numbers;
  readonly images: Numbers;
  readonly away: OtherBinary | undefined;
  readonly #blob: Buffer;
  #decoded: UnitDump | undefined;

  constructor(
    row: UnitRow,
    base: number,
    away: OtherBinary | undefined,
    images: Numbers,
    { states, symbolName, symbolBody, symbolFlags }: Emitted,
    dump: Buffer,
  ) {
    this.row = row;
    this.base = base;
    this.bodyCount = states.length;
    this.symbolName = symbolName;
    this.symbolBody = symbolBody;
    this.symbolFlags = symbolFlags;
    this.images = images;
    this.away = away;
    this.#blob = dump;
  }

  get #dump(): UnitDump {
    this.#decoded ??= decodeDump(this.#blob);
    return this.#decoded;
  }

  get nodeName(): Int32Array {
    return this.#dump.nodeName;
  }

  get nodeRemoved(): Uint8Array {
    return this.#dump.nodeRemoved;
  }

  get src(): Numbers {
    return this.#dump.src;
  }

  get dst(): Numbers {
    return this.#dump.dst;
  }

  get step(): Numbers {
    return this.#dump.step;
  }

  get kind(): Numbers {
    return this.#dump.kind;
  }

  get cloneNames(): Numbers {
    return this.#dump.cloneNames;
  }

  get caller(): Numbers {
    return this.#dump.caller;
  }

  get callee(): Numbers {
    return this.#dump.callee;
  }

  get folded(): Numbers {
    return this.#dump.folded;
  }

  get kept(): Numbers {
    return this.#dump.kept;
  }
}

/** A unit's symbols by body, without fragments: those of body b are `symbols[start[b]]` to `symbols[start[b + 1] - 1]`. */
export interface SymbolOrder {
  readonly start: Int32Array;
  readonly symbols: Int32Array;
}

export function orderOfSymbols({ base, bodyCount, symbolBody, symbolFlags }: UnitCode): SymbolOrder {
  const isPart = (symbol: number) => SymbolFlags.role(symbolFlags[symbol]!) === Role.fragment;
  const start = new Int32Array(bodyCount + 1);
  for (let symbol = 0; symbol < symbolBody.length; symbol++) {
    if (!isPart(symbol)) start[symbolBody[symbol]! - base + 1]!++;
  }
  for (let body = 0; body < bodyCount; body++) start[body + 1]! += start[body]!;
  const next = start.slice();
  const symbols = new Int32Array(start[bodyCount]!);
  for (let symbol = 0; symbol < symbolBody.length; symbol++) {
    if (!isPart(symbol)) symbols[next[symbolBody[symbol]! - base]!++] = symbol;
  }
  return { start, symbols };
}

/** The place of a name's first symbol, or -1. */
export function findName({ symbolName }: Pick<UnitCode, 'symbolName'>, name: number): number {
  let low = 0;
  let high = symbolName.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (symbolName[middle]! < name) low = middle + 1;
    else high = middle;
  }
  return symbolName[low] === name ? low : -1;
}

/** The bodies of a name in a unit as its dump means it, a fragment's counted as its function's. */
export function bodiesNamed(unit: UnitCode, name: number): number[] {
  const bodies: number[] = [];
  addBodiesNamed(bodies, unit, name);
  return bodies;
}

/** The same, into a list that need not be new. */
export function addBodiesNamed(to: number[], unit: UnitCode, name: number): void {
  const first = findName(unit, name);
  if (first < 0) return;
  const before = to.length;
  addBodies(to, unit, first, true);
  if (to.length === before) addBodies(to, unit, first, false);
}

/** The bodies of a symbol's name in a unit, as calls mean it, into a list that need not be new. */
export function addBodiesLinked(to: number[], unit: UnitCode, name: number): void {
  const first = findName(unit, name);
  if (first >= 0) addBodies(to, unit, first, false);
}

/** @param byCompiler whether those that only the compiler calls so, or those whose symbol is called so */
function addBodies(
  to: number[],
  { symbolName, symbolBody, symbolFlags }: UnitCode,
  first: number,
  byCompiler: boolean,
): void {
  for (let symbol = first; symbolName[symbol] === symbolName[first]; symbol++) {
    if ((SymbolFlags.role(symbolFlags[symbol]!) === Role.compilerName) !== byCompiler) continue;
    const body = symbolBody[symbol]!;
    if (!to.includes(body, Math.max(to.length - 8, 0))) to.push(body);
  }
}

export function definesName(unit: UnitCode, name: number): boolean {
  const { symbolName, symbolFlags } = unit;
  for (let symbol = findName(unit, name); symbol >= 0 && symbolName[symbol] === name; symbol++) {
    const flags = symbolFlags[symbol]!;
    if (!SymbolFlags.isLost(flags) && SymbolFlags.role(flags) !== Role.compilerName) return true;
  }
  return false;
}

export function linkedCode(base: number, away: OtherBinary | undefined, linked: UnitLinked): Emitted {
  const { owner, fate, symbolName, symbolBody, symbolFlags } = linked;
  const bodies = new Int32Array(symbolBody.length);
  const roles = new Uint8Array(owner.length);
  for (let symbol = 0; symbol < bodies.length; symbol++) {
    const body = symbolBody[symbol]!;
    bodies[symbol] = base + owner[body]!;
    const role = SymbolFlags.role(symbolFlags[symbol]!);
    if (role !== Role.compilerName) roles[body]! |= 1 << role;
  }
  const states = new Uint8Array(owner.length);
  for (let body = 0; body < states.length; body++) {
    states[body] =
      owner[body] === body ? stateOf(away !== undefined, fate[body]!, roles[body]!) : State.fragment;
  }
  return { symbolName, symbolBody: bodies, symbolFlags, states };
}

/** Without an object, every name that is not wholly removed may be a body. */
export function unverifiedCode(base: number, { nodeName, nodeRemoved, cloneNames }: UnitDump): Emitted {
  const symbolName = ascendingOnce(nodeName, (node) => nodeRemoved[node] === 0);
  const clones = new Set(cloneNames);
  const symbolBody = new Int32Array(symbolName.length);
  const states = new Uint8Array(symbolName.length);
  for (let body = 0; body < symbolName.length; body++) {
    symbolBody[body] = base + body;
    states[body] = clones.has(symbolName[body]!) ? State.unverifiedClone : State.unverified;
  }
  return { symbolName, symbolBody, symbolFlags: new Uint8Array(symbolName.length), states };
}

/** @param roles a bit for each role that a symbol of the body has */
function stateOf(away: boolean, fate: number, roles: number): number {
  const lifetime = fate >> 1;
  if (roles === 1 << Role.trampoline) return State.trampoline;
  if (lifetime === Lifetime.discarded) return State.discarded;
  if (lifetime === Lifetime.init) return State.init;
  if (roles === 1 << Role.clone) return State.clone;
  if (away) return State.outOfReach;
  if (lifetime === Lifetime.exit) return State.moduleExit;
  return (fate & 1) === 1 ? State.redirectable : State.noSite;
}
