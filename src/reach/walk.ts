import type { EdgeList } from '../index/rows.js';

/** Whether a walk respects the order of GCC's decisions, or takes every edge at any time (a superset). */
export type WalkMode = 'ordered' | 'conservative';

/** Which nodes a walk reached, in the order in which it did, and over which edge (-1 for a start). */
export interface Reached {
  readonly nodes: readonly number[];
  readonly via: ReadonlyMap<number, number>;
}

/**
 * Where the code of the start nodes went: every node reachable over edges whose sequence rises along the path.
 * Code that entered B after B had been copied into C is not in that copy of C; GCC writes a separate record where it is.
 *
 * As edges stand in their sequence, one sweep does it: an edge whose source is reached by then extends a rising path.
 */
export function walkForward(edges: EdgeList, starts: readonly number[], mode: WalkMode): Reached {
  return mode === 'ordered'
    ? sweep(edges.src, edges.dst, starts, 0, edges.seq.length, 1)
    : flood(edges.src, edges.dst, starts);
}

/** Whose code is in the start nodes: the same paths, from their ends. */
export function walkBackward(edges: EdgeList, starts: readonly number[], mode: WalkMode): Reached {
  return mode === 'ordered'
    ? sweep(edges.dst, edges.src, starts, edges.seq.length - 1, -1, -1)
    : flood(edges.dst, edges.src, starts);
}

function begin(starts: readonly number[]) {
  const nodes = [...new Set(starts)];
  return { nodes, via: new Map<number, number>(nodes.map((node) => [node, -1])) };
}

function sweep(
  from: Int32Array,
  to: Int32Array,
  starts: readonly number[],
  first: number,
  end: number,
  step: 1 | -1,
) {
  const reached = begin(starts);
  for (let edge = first; edge !== end; edge += step) {
    const target = to[edge]!;
    if (reached.via.has(from[edge]!) && !reached.via.has(target)) {
      reached.via.set(target, edge);
      reached.nodes.push(target);
    }
  }
  return reached;
}

/** Breadth first, so that chains are the shortest; linear in nodes and edges. */
function flood(from: Int32Array, to: Int32Array, starts: readonly number[]): Reached {
  const reached = begin(starts);
  const next = new Int32Array(from.length).fill(-1);
  const first = new Map<number, number>();
  for (let edge = from.length - 1; edge >= 0; edge--) {
    next[edge] = first.get(from[edge]!) ?? -1;
    first.set(from[edge]!, edge);
  }
  for (let head = 0; head < reached.nodes.length; head++) {
    for (let edge = first.get(reached.nodes[head]!) ?? -1; edge >= 0; edge = next[edge]!) {
      const target = to[edge]!;
      if (reached.via.has(target)) continue;
      reached.via.set(target, edge);
      reached.nodes.push(target);
    }
  }
  return reached;
}
