import { SymbolFlags } from '../index/unit-graph.js';
import { Role } from '../symbols/bodies.js';
import { findName, type UnitCode } from './code-graph.js';

/** A name, and the other names of the bodies that have it: a question by any of them is the same question. */
export function startNames(unit: UnitCode, name: number): readonly number[] {
  const first = findName(unit, name);
  if (first < 0) return [name];
  const { symbolName, symbolBody, symbolFlags } = unit;
  const names = new Set([name]);
  for (let symbol = 0; symbol < symbolName.length; symbol++) {
    if (symbolName[symbol] === name || SymbolFlags.role(symbolFlags[symbol]!) === Role.fragment) continue;
    for (let own = first; symbolName[own] === name; own++) {
      if (symbolBody[own] === symbolBody[symbol]) names.add(symbolName[symbol]!);
    }
  }
  return [...names];
}
