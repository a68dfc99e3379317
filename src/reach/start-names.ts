import { SymbolFlags } from '../graph/unit-graph.js';
import { bodiesNamed, findName } from '../graph/unit-symbols.js';
import { Role } from '../symbols/bodies.js';
import type { UnitCode } from './unit-code.js';

/** A name, and the other names of the bodies that have it: a question by any of them is the same question. */
export function startNames(unit: UnitCode, name: number): readonly number[] {
  if (findName(unit, name) < 0) return [name];
  const { symbolName, symbolBody, symbolFlags } = unit;
  const bodies = bodiesNamed(unit, name);
  const names = new Set([name]);
  for (let symbol = 0; symbol < symbolName.length; symbol++) {
    if (SymbolFlags.role(symbolFlags[symbol]!) === Role.fragment) continue;
    if (bodies.includes(symbolBody[symbol]!)) names.add(symbolName[symbol]!);
  }
  return [...names];
}
