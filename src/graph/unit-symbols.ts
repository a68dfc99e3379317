/**
 * One unit's code after linking: its bodies, what each is to a livepatch, and what names mean there (DOMAIN section 4;
 * kernel/livepatch/core.c, klp_find_object_symbol, and patch.c, klp_patch_func, are why a body needs a name and an
 * ftrace site).
 */

import { Role } from '../symbols/bodies.js';
import { Lifetime } from '../symbols/section-lifetime.js';
import { ascendingOnce } from './ascending-once.js';
import { sumUp } from './columns.js';
import { type Numbers, SymbolFlags, type UnitDump } from './unit-graph.js';

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

/** A unit's symbols, ascending by name. Bodies count from `base` in the build. */
export interface UnitSymbols {
  readonly base: number;
  readonly bodyCount: number;
  readonly symbolName: Numbers;
  /** Symbol -> its body; of a fragment its function's. */
  readonly symbolBody: Numbers;
  /** As in `SymbolFlags`. */
  readonly symbolFlags: Numbers;
}

/** A unit's symbols by body, without fragments: those of body b are `symbols[start[b]]` to `symbols[start[b + 1] - 1]`. */
export interface SymbolOrder {
  readonly start: Int32Array;
  readonly symbols: Int32Array;
}

export function orderOfSymbols({ base, bodyCount, symbolBody, symbolFlags }: UnitSymbols): SymbolOrder {
  const isPart = (symbol: number) => SymbolFlags.role(symbolFlags[symbol]!) === Role.fragment;
  const start = new Int32Array(bodyCount + 1);
  for (let symbol = 0; symbol < symbolBody.length; symbol++) {
    if (!isPart(symbol)) start[symbolBody[symbol]! - base + 1]!++;
  }
  sumUp(start);
  const next = start.slice();
  const symbols = new Int32Array(start[bodyCount]!);
  for (let symbol = 0; symbol < symbolBody.length; symbol++) {
    if (!isPart(symbol)) symbols[next[symbolBody[symbol]! - base]!++] = symbol;
  }
  return { start, symbols };
}

/** The place of a name's first symbol, or -1. */
export function findName({ symbolName }: Pick<UnitSymbols, 'symbolName'>, name: number): number {
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
export function bodiesNamed(unit: UnitSymbols, name: number): number[] {
  const bodies: number[] = [];
  addBodiesNamed(bodies, unit, name);
  return bodies;
}

/** The same, into a list that need not be new. */
export function addBodiesNamed(to: number[], unit: UnitSymbols, name: number): void {
  const first = findName(unit, name);
  if (first < 0) return;
  const before = to.length;
  addBodies(to, unit, first, true);
  if (to.length === before) addBodies(to, unit, first, false);
}

/** The bodies of a symbol's name in a unit, as calls mean it, into a list that need not be new. */
export function addBodiesLinked(to: number[], unit: UnitSymbols, name: number): void {
  const first = findName(unit, name);
  if (first >= 0) addBodies(to, unit, first, false);
}

/** @param byCompiler whether those that only the compiler calls so, or those whose symbol is called so */
function addBodies(
  to: number[],
  { symbolName, symbolBody, symbolFlags }: UnitSymbols,
  first: number,
  byCompiler: boolean,
): void {
  for (let symbol = first; symbolName[symbol] === symbolName[first]; symbol++) {
    if ((SymbolFlags.role(symbolFlags[symbol]!) === Role.compilerName) !== byCompiler) continue;
    const body = symbolBody[symbol]!;
    if (!to.includes(body, Math.max(to.length - 8, 0))) to.push(body);
  }
}

/** Whether a symbol's name leads references to its body. */
export function isLinkName(flags: number): boolean {
  return !SymbolFlags.isLost(flags) && SymbolFlags.role(flags) !== Role.compilerName;
}

export function definesName({ symbolName, symbolFlags }: UnitSymbols, name: number): boolean {
  for (let symbol = findName({ symbolName }, name); symbol >= 0 && symbolName[symbol] === name; symbol++) {
    if (isLinkName(symbolFlags[symbol]!)) return true;
  }
  return false;
}

/** What an object has of a unit: its function symbols, ascending by name, and its bodies, counted within the unit. */
export interface UnitObject {
  readonly symbolName: Numbers;
  readonly symbolBody: Numbers;
  readonly symbolFlags: Numbers;
  /** Body -> the body that it is a part of. */
  readonly owner: Numbers;
  /** Body -> twice its `Lifetime` of symbols/section-lifetime.ts, and 1 if ftrace can redirect it. */
  readonly fate: Numbers;
}

/** What an object has of a unit, or else its dump. */
export interface Emitted extends UnitSymbols {
  /** Body -> `State`. */
  readonly states: Uint8Array;
}

/** @param away whether livepatch cannot reach the binary that it is in */
export function emittedCode(base: number, away: boolean, object: UnitObject): Emitted {
  const { owner, fate, symbolName, symbolBody, symbolFlags } = object;
  const bodies = new Int32Array(symbolBody.length);
  const roles = new Uint8Array(owner.length);
  for (let symbol = 0; symbol < symbolBody.length; symbol++) {
    const body = symbolBody[symbol]!;
    bodies[symbol] = base + owner[body]!;
    const role = SymbolFlags.role(symbolFlags[symbol]!);
    if (role !== Role.compilerName) roles[body]! |= 1 << role;
  }
  const states = new Uint8Array(owner.length);
  for (let body = 0; body < states.length; body++) {
    states[body] = owner[body] === body ? stateOf(away, fate[body]!, roles[body]!) : State.fragment;
  }
  return { base, bodyCount: owner.length, symbolName, symbolBody: bodies, symbolFlags, states };
}

/** Without an object, every name that is not wholly removed may be a body. */
export function unverifiedCode(base: number, { nodeName, nodeRemoved, cloneNames }: UnitDump): Emitted {
  const symbolName = ascendingOnce(nodeName, (node) => nodeRemoved[node] === 0);
  const bodyCount = symbolName.length;
  const clones = new Set(cloneNames);
  const symbolBody = new Int32Array(bodyCount);
  const states = new Uint8Array(bodyCount);
  for (let body = 0; body < bodyCount; body++) {
    symbolBody[body] = base + body;
    states[body] = clones.has(symbolName[body]!) ? State.unverifiedClone : State.unverified;
  }
  return { base, bodyCount, symbolName, symbolBody, symbolFlags: new Uint8Array(bodyCount), states };
}

/** @param roles a bit for each role that a symbol of the body has */
function stateOf(away: boolean, fate: number, roles: number): number {
  const lifetime = fate >> 1;
  if (roles === 1 << Role.trampoline) return State.trampoline;
  if (lifetime === Lifetime.discarded) return State.discarded;
  if (lifetime === Lifetime.undecided) return State.unverified;
  if (lifetime === Lifetime.init) return State.init;
  if (roles === 1 << Role.clone) return State.clone;
  if (away) return State.outOfReach;
  if (lifetime === Lifetime.exit) return State.moduleExit;
  return (fate & 1) === 1 ? State.redirectable : State.noSite;
}
