import { SymbolFlags } from '../graph/unit-graph.js';
import { bodiesNamed, findName } from '../graph/unit-symbols.js';
import { Role } from '../symbols/bodies.js';
import type { UnitCode } from './unit-code.js';

/** A name, and the other names of the bodies that have it: a question by any of them is the same question. */
export function startNames(unit: UnitCode, name: number): readonly number[] {
  const { bodyCount, symbolName, symbolBody, symbolFlags } = unit;
  const first = findName(unit, name);
  if (first < 0) return [name];
  // Where there are as many symbols as bodies, each body has one; but a fragment's is its function's name too.
  const isAlone = symbolName.length === bodyCount && SymbolFlags.role(symbolFlags[first]!) !== Role.fragment;
  if (isAlone) return [name];
  const bodies = bodiesNamed(unit, name);
  const names = new Set([name]);
  for (let symbol = 0; symbol < symbolName.length; symbol++) {
    if (SymbolFlags.role(symbolFlags[symbol]!) === Role.fragment) continue;
    if (bodies.includes(symbolBody[symbol]!)) names.add(symbolName[symbol]!);
  }
  return [...names];
}
