import { SymbolFlags } from '../graph/unit-graph.js';
import { Role } from '../symbols/bodies.js';
import type { UnitCode } from './unit-code.js';
import type { SameBody } from './walk.js';

const NONE: SameBody = new Map();
const known = new WeakMap<UnitCode, SameBody>();

/** Of each node whose body has several names, the nodes of the other names. */
export function sameBodyNodes(unit: UnitCode): SameBody {
  let same = known.get(unit);
  if (!same) {
    same = findSameBody(unit);
    known.set(unit, same);
  }
  return same;
}

function findSameBody({
  base,
  bodyCount,
  nodeName,
  symbolName,
  symbolBody,
  symbolFlags,
}: UnitCode): SameBody {
  // Every body has a symbol.
  if (symbolName.length === bodyCount) return NONE;
  const names = new Uint8Array(bodyCount);
  let several = false;
  for (let symbol = 0; symbol < symbolName.length; symbol++) {
    if (!isOwnName(symbolFlags[symbol]!)) continue;
    const body = symbolBody[symbol]! - base;
    names[body] = Math.min(names[body]! + 1, 2);
    if (names[body] === 2) several = true;
  }
  if (!several) return NONE;
  const namesOf = new Map<number, number[]>();
  const nodesOf = new Map<number, number[]>();
  for (let symbol = 0; symbol < symbolName.length; symbol++) {
    const body = symbolBody[symbol]!;
    if (names[body - base] !== 2 || !isOwnName(symbolFlags[symbol]!)) continue;
    const known = namesOf.get(body);
    if (known) known.push(symbolName[symbol]!);
    else namesOf.set(body, [symbolName[symbol]!]);
    nodesOf.set(symbolName[symbol]!, []);
  }
  for (let node = 0; node < nodeName.length; node++) nodesOf.get(nodeName[node]!)?.push(node);
  const same = new Map<number, number[]>();
  for (const all of namesOf.values()) {
    for (const name of all) {
      const others = all.filter((other) => other !== name).flatMap((other) => nodesOf.get(other)!);
      if (others.length === 0) continue;
      // A static function's name can be that of several bodies.
      for (const node of nodesOf.get(name)!) same.set(node, [...(same.get(node) ?? []), ...others]);
    }
  }
  return same;
}

/** A unit's nodes of a name, ascending. */
export function nodesNamed({ nodeName }: UnitCode, name: number): number[] {
  const nodes: number[] = [];
  for (let node = nodeName.indexOf(name); node >= 0; node = nodeName.indexOf(name, node + 1))
    nodes.push(node);
  return nodes;
}

/** A unit's nodes by their names. */
export function nodesByName({ nodeName }: UnitCode): Map<number, number[]> {
  const nodes = new Map<number, number[]>();
  for (let node = 0; node < nodeName.length; node++) {
    const known = nodes.get(nodeName[node]!);
    if (known) known.push(node);
    else nodes.set(nodeName[node]!, [node]);
  }
  return nodes;
}

/** Whether records that have the name speak of the body's code: `foo` of target_clones is no name of what chooses a version. */
function isOwnName(flags: number): boolean {
  const role = SymbolFlags.role(flags);
  return role !== Role.fragment && role !== Role.trampoline;
}
