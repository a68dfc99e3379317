import { hasAscending } from '../graph/columns.js';
import { bodiesNamed } from '../graph/unit-symbols.js';
import { hasEmitted } from '../index/rows.js';
import type { Direction } from './answer.js';
import type { CodeGraph } from './code-graph.js';
import { startNames } from './start-names.js';
import type { UnitCode } from './unit-code.js';
import { nodesByName, nodesNamed, sameBodyNodes } from './unit-walk.js';
import type { SameBody } from './walk.js';

/** Name -> the names that folding leads to: of what was folded, what was kept; to find what is inside, the other way. */
export type FoldLinks = ReadonlyMap<number, readonly number[]>;

/** A unit's folding, as a walk in one direction takes it. */
export interface UnitFolds {
  readonly links: FoldLinks;
  /** The nodes that a node reaches at once: those of its body's other names, and those that folding leads to. */
  readonly same: SameBody;
}

type Known = Partial<Record<Direction, UnitFolds>>;
const known = new WeakMap<UnitCode, Known>();

export function foldsOf(unit: UnitCode, direction: Direction): UnitFolds {
  const ofUnit = known.get(unit) ?? {};
  known.set(unit, ofUnit);
  ofUnit[direction] ??= findFolds(unit, direction);
  return ofUnit[direction];
}

function findFolds(unit: UnitCode, direction: Direction): UnitFolds {
  const [from, to] = direction === 'affected' ? [unit.folded, unit.kept] : [unit.kept, unit.folded];
  const links = new Map<number, number[]>();
  for (let at = 0; at < from.length; at++) {
    links.set(from[at]!, [...(links.get(from[at]!) ?? []), to[at]!]);
  }
  const nodesOf = nodesByName(unit);
  const same = new Map(Array.from(sameBodyNodes(unit), ([node, others]) => [node, [...others]]));
  for (const [name, leadsTo] of links) {
    const others = leadsTo.flatMap((other) => nodesOf.get(other) ?? []);
    for (const node of nodesOf.get(name) ?? []) same.set(node, [...(same.get(node) ?? []), ...others]);
  }
  return { links, same };
}

/** Names, and all that folding leads from them to, each with the name that leads to it; -1 for the first ones. */
export function alongFolds(links: FoldLinks, names: Iterable<number>): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  for (const name of names) found.set(name, -1);
  for (const name of found.keys()) {
    for (const next of links.get(name) ?? []) if (!found.has(next)) found.set(next, name);
  }
  return found;
}

/** The functions that were folded into a body and have no code there under their own names, ascending. */
export function foldedInto(unit: UnitCode, body: number): number[] {
  const { folded, kept } = unit;
  const names = new Set<number>();
  for (let at = 0; at < folded.length; at++) {
    const isHere = bodiesNamed(unit, kept[at]!).includes(body);
    if (isHere && !bodiesNamed(unit, folded[at]!).includes(body)) names.add(folded[at]!);
  }
  return [...names].sort((a, b) => a - b);
}

/** The bodies whose callers in the unit may mean a function that was folded away. */
export function bodiesOfFolded(graph: CodeGraph, unit: UnitCode, name: number): number[] {
  if (unit.folded.length === 0) return [];
  const names = alongFolds(foldsOf(unit, 'affected').links, [name]);
  const kept = [...names].filter(([, from]) => from >= 0).flatMap(([one]) => bodiesNamed(unit, one));
  return kept.map((body) => graph.asFolded(body));
}

/**
 * The function and those clones of it that show the sign of folding where nothing tells of it: removed, without a symbol,
 * and copied nowhere.
 */
export function maybeFolded(unit: UnitCode, name: number): number[] {
  const { row, nodeName, nodeRemoved, src, dst, cloneNames, folded } = unit;
  if (row.folding === 'read' || !hasEmitted(row)) return [];
  const names = new Set(startNames(unit, name));
  const copied = new Set<number>();
  if (cloneNames.length === 0) {
    for (const one of names) {
      if (nodesNamed(unit, one).some((node) => src.includes(node))) copied.add(one);
    }
  } else {
    for (let edge = 0; edge < src.length; edge++) {
      const from = nodeName[src[edge]!]!;
      if (!names.has(from)) continue;
      copied.add(from);
      const to = nodeName[dst[edge]!]!;
      if (hasAscending(cloneNames, to)) names.add(to);
    }
  }
  return [...names].filter((one) => {
    if (copied.has(one) || folded.includes(one) || bodiesNamed(unit, one).length > 0) return false;
    const nodes = nodesNamed(unit, one);
    return nodes.length > 0 && nodes.every((node) => nodeRemoved[node] === 1);
  });
}
