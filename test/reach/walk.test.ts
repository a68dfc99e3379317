import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EdgeList } from '../../src/index/rows.js';
import { type Reached, type WalkMode, walkBackward, walkForward } from '../../src/reach/walk.js';

type Edge = readonly [src: number, dst: number];

/** Edges in the order of their sequence, whose numbers leave gaps as removal records do. */
function edgeList(edges: readonly Edge[]): EdgeList {
  return {
    seq: Int32Array.from(edges, (_, i) => i * 2 + 1),
    src: Int32Array.from(edges, ([src]) => src),
    dst: Int32Array.from(edges, ([, dst]) => dst),
  };
}

const sorted = (reached: Reached) => [...reached.nodes].sort((a, b) => a - b);

describe('code that entered B after B had been copied into C is not in C', () => {
  // 0 = A, 1 = B, 2 = C
  const late = edgeList([
    [1, 2],
    [0, 1],
  ]);
  test('in order', () => {
    expect(sorted(walkForward(late, [0], 'ordered'))).toEqual([0, 1]);
    expect(sorted(walkBackward(late, [2], 'ordered'))).toEqual([1, 2]);
  });
  test('the conservative superset takes it in', () => {
    expect(sorted(walkForward(late, [0], 'conservative'))).toEqual([0, 1, 2]);
    expect(sorted(walkBackward(late, [2], 'conservative'))).toEqual([0, 1, 2]);
  });
  test('a separate record says so where it is', () => {
    const again = edgeList([
      [1, 2],
      [0, 1],
      [1, 2],
    ]);
    expect(sorted(walkForward(again, [0], 'ordered'))).toEqual([0, 1, 2]);
  });
});

test('recursion and cycles end', () => {
  const cycle = edgeList([
    [0, 0],
    [0, 1],
    [1, 2],
    [2, 0],
    [2, 1],
  ]);
  for (const mode of ['ordered', 'conservative'] as const) {
    expect(sorted(walkForward(cycle, [0], mode))).toEqual([0, 1, 2]);
  }
});

test('no edges, and starts given twice', () => {
  expect(walkForward(edgeList([]), [3, 3], 'ordered').nodes).toEqual([3]);
  expect(walkBackward(edgeList([]), [3, 3], 'conservative').nodes).toEqual([3]);
});

test('a chain of 100,000 is walked without a stack', () => {
  const length = 100_000;
  const chain = edgeList(Array.from({ length }, (_, i): Edge => [i, i + 1]));
  for (const mode of ['ordered', 'conservative'] as const) {
    expect(walkForward(chain, [0], mode).nodes).toHaveLength(length + 1);
    expect(walkBackward(chain, [length], mode).nodes).toHaveLength(length + 1);
  }
});

const NODES = 6;
const node = fc.nat(NODES - 1);
const graph = fc.array(fc.tuple(node, node), { maxLength: 14 });
const modes: readonly WalkMode[] = ['ordered', 'conservative'];

/** By trying every path: one of rising sequence in 'ordered', any in 'conservative'. */
function naiveForward(edges: readonly Edge[], start: number, mode: WalkMode): number[] {
  const met = new Set<string>();
  const nodes = new Set<number>();
  const follow = (at: number, after: number) => {
    if (met.has(`${at} ${after}`)) return;
    met.add(`${at} ${after}`);
    nodes.add(at);
    for (const [i, [src, dst]] of edges.entries()) {
      if (src === at && (mode === 'conservative' || i > after)) follow(dst, mode === 'ordered' ? i : 0);
    }
  };
  follow(start, -1);
  return [...nodes].sort((a, b) => a - b);
}

describe.each(modes)('%s', (mode) => {
  test('finds what trying every path finds', () => {
    fc.assert(
      fc.property(graph, node, (edges, start) => {
        expect(sorted(walkForward(edgeList(edges), [start], mode))).toEqual(naiveForward(edges, start, mode));
      }),
      { numRuns: 1000 },
    );
  });

  test('from several starts is the union', () => {
    fc.assert(
      fc.property(graph, fc.array(node, { minLength: 1, maxLength: 3 }), (edges, starts) => {
        const union = new Set(starts.flatMap((start) => naiveForward(edges, start, mode)));
        expect(sorted(walkForward(edgeList(edges), starts, mode))).toEqual([...union].sort((a, b) => a - b));
      }),
      { numRuns: 300 },
    );
  });

  test('backward is the inverse of forward', () => {
    fc.assert(
      fc.property(graph, (edges) => {
        const list = edgeList(edges);
        const all = Array.from({ length: NODES }, (_, i) => i);
        const forward = all.map((y) => new Set(walkForward(list, [y], mode).nodes));
        const backward = all.map((x) => new Set(walkBackward(list, [x], mode).nodes));
        for (const x of all) {
          for (const y of all) expect(forward[y]!.has(x)).toBe(backward[x]!.has(y));
        }
      }),
      { numRuns: 300 },
    );
  });

  test('every node comes after the one that its edge leads from, by a chain that the mode allows', () => {
    fc.assert(
      fc.property(graph, node, fc.boolean(), (edges, start, back) => {
        const list = edgeList(edges);
        const { nodes, via } = (back ? walkBackward : walkForward)(list, [start], mode);
        expect(new Set(nodes).size).toBe(nodes.length);
        for (const [place, reached] of nodes.entries()) {
          const edge = via.get(reached)!;
          if (edge < 0) {
            expect(reached).toBe(start);
            continue;
          }
          const [to, from] = back ? [list.src, list.dst] : [list.dst, list.src];
          expect(to[edge]).toBe(reached);
          expect(nodes.indexOf(from[edge]!)).toBeLessThan(place);
          const before = via.get(from[edge]!)!;
          if (mode === 'ordered' && before >= 0) expect(Math.sign(edge - before)).toBe(back ? -1 : 1);
        }
      }),
      { numRuns: 500 },
    );
  });
});

test('what is reached in order is reached conservatively', () => {
  fc.assert(
    fc.property(graph, node, (edges, start) => {
      const list = edgeList(edges);
      for (const walk of [walkForward, walkBackward]) {
        const superset = new Set(walk(list, [start], 'conservative').nodes);
        for (const reached of walk(list, [start], 'ordered').nodes) expect(superset.has(reached)).toBe(true);
      }
    }),
    { numRuns: 500 },
  );
});
