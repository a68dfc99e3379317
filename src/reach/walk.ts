import type { Numbers } from '../graph/unit-graph.js';

/** Whether a walk respects the order of GCC's decisions, or takes every edge at any time (a superset). */
export type WalkMode = 'ordered' | 'conservative';

/** A unit's edges in columns, in the order of their sequence. */
export interface EdgeList {
  readonly src: Numbers;
  readonly dst: Numbers;
  /** One entry a node, if it is known how many there are. */
  readonly nodeName?: ArrayLike<number>;
}

/** Which nodes a walk reached, in the order in which it did. */
export interface Reached {
  readonly nodes: readonly number[];
  /** Node -> the edge over which it was reached; -1 for a start, `-2 - n` where its body has the name of node n too. */
  readonly via: Via;
}

export interface Via {
  has(node: number): boolean;
  get(node: number): number | undefined;
}

/** Of each node, the nodes of its body's other names, which are the same code (DOMAIN: body). */
export type SameBody = ReadonlyMap<number, readonly number[]>;

/**
 * Where the code of the start nodes went: every node reachable over edges whose sequence rises along the path.
 * Code that entered B after B had been copied into C is not in that copy of C; GCC writes a separate record where it is.
 *
 * As edges stand in their sequence, one sweep does it: an edge whose source is reached by then extends a rising path.
 */
export function walkForward(
  edges: EdgeList,
  starts: readonly number[],
  same: SameBody,
  mode: WalkMode,
): Reached {
  return mode === 'ordered'
    ? sweep(edges.src, edges.dst, new Visit(countNodes(edges, starts, same), starts, same), 1)
    : flood(edges.src, edges.dst, new Visit(countNodes(edges, starts, same), starts, same));
}

/** Whose code is in the start nodes: the same paths, from their ends. */
export function walkBackward(
  edges: EdgeList,
  starts: readonly number[],
  same: SameBody,
  mode: WalkMode,
): Reached {
  return mode === 'ordered'
    ? sweep(edges.dst, edges.src, new Visit(countNodes(edges, starts, same), starts, same), -1)
    : flood(edges.dst, edges.src, new Visit(countNodes(edges, starts, same), starts, same));
}

const NOT_REACHED = -0x80000000;

/** What is reached so far; a node's place in an array is found faster than its key in a map. */
class Visit implements Reached, Via {
  readonly nodes: number[] = [];
  readonly via: Via = this;
  readonly #edges: Int32Array;
  readonly #same: SameBody;

  constructor(nodeCount: number, starts: readonly number[], same: SameBody) {
    this.#edges = new Int32Array(nodeCount).fill(NOT_REACHED);
    this.#same = same;
    for (const node of starts) this.add(node, -1);
  }

  has(node: number): boolean {
    return this.#edges[node] !== NOT_REACHED;
  }

  get(node: number): number | undefined {
    const edge = this.#edges[node];
    return edge === NOT_REACHED ? undefined : edge;
  }

  /** A node reached reaches at once the nodes of its body's other names. */
  add(node: number, edge: number): void {
    if (this.has(node)) return;
    this.#edges[node] = edge;
    this.nodes.push(node);
    for (const other of this.#same.get(node) ?? NONE) this.add(other, -2 - node);
  }
}

const NONE: readonly number[] = [];

function countNodes({ src, dst, nodeName }: EdgeList, starts: readonly number[], same: SameBody): number {
  if (nodeName) return nodeName.length;
  let most = -1;
  for (const nodes of [src, dst, starts, ...same.values()])
    for (const node of nodes) if (node > most) most = node;
  return most + 1;
}

function sweep(from: Numbers, to: Numbers, reached: Visit, step: 1 | -1): Reached {
  const [first, end] = step > 0 ? [firstOf(from, reached.nodes), from.length] : [from.length - 1, -1];
  for (let edge = first; edge !== end; edge += step) {
    if (reached.has(from[edge]!)) reached.add(to[edge]!, edge);
  }
  return reached;
}

/** The first edge from one of some nodes: most of a unit's records come before. */
function firstOf(from: Numbers, nodes: readonly number[]): number {
  let first = from.length;
  if (nodes.length > MOST_SOUGHT) return 0;
  for (const node of nodes) {
    const edge = from.indexOf(node);
    if (edge >= 0 && edge < first) first = edge;
  }
  return first;
}

const MOST_SOUGHT = 4;

/** Breadth first, so that chains are the shortest; linear in nodes and edges. */
function flood(from: Numbers, to: Numbers, reached: Visit): Reached {
  const next = new Int32Array(from.length).fill(-1);
  const first = new Map<number, number>();
  for (let edge = from.length - 1; edge >= 0; edge--) {
    next[edge] = first.get(from[edge]!) ?? -1;
    first.set(from[edge]!, edge);
  }
  for (let head = 0; head < reached.nodes.length; head++) {
    for (let edge = first.get(reached.nodes[head]!) ?? -1; edge >= 0; edge = next[edge]!) {
      reached.add(to[edge]!, edge);
    }
  }
  return reached;
}
