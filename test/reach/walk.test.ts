import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type EdgeList,
  type Reached,
  type SameBody,
  type WalkMode,
  walkBackward,
  walkForward,
} from '../../src/reach/walk.js';

type Edge = readonly [src: number, dst: number];

/** Edges in the order of their sequence. */
function edgeList(edges: readonly Edge[]): EdgeList {
  return {
    src: Int32Array.from(edges, ([src]) => src),
    dst: Int32Array.from(edges, ([, dst]) => dst),
  };
}

/** No body has two names. */
const ALONE: SameBody = new Map();

/** Bodies of several names, by their nodes. */
function bodies(...groups: readonly (readonly number[])[]): SameBody {
  return new Map(groups.flatMap((group) => group.map((node) => [node, group.filter((n) => n !== node)])));
}

const sorted = (reached: Reached) => [...reached.nodes].sort((a, b) => a - b);

describe('code that entered B after B had been copied into C is not in C', () => {
  // 0 = A, 1 = B, 2 = C
  const late = edgeList([
    [1, 2],
    [0, 1],
  ]);
  test('in order', () => {
    expect(sorted(walkForward(late, [0], ALONE, 'ordered'))).toEqual([0, 1]);
    expect(sorted(walkBackward(late, [2], ALONE, 'ordered'))).toEqual([1, 2]);
  });
  test('the conservative superset takes it in', () => {
    expect(sorted(walkForward(late, [0], ALONE, 'conservative'))).toEqual([0, 1, 2]);
    expect(sorted(walkBackward(late, [2], ALONE, 'conservative'))).toEqual([0, 1, 2]);
  });
  test('a separate record says so where it is', () => {
    const again = edgeList([
      [1, 2],
      [0, 1],
      [1, 2],
    ]);
    expect(sorted(walkForward(again, [0], ALONE, 'ordered'))).toEqual([0, 1, 2]);
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
    expect(sorted(walkForward(cycle, [0], ALONE, mode))).toEqual([0, 1, 2]);
  }
});

describe('a body of two names: what reaches one name is in the code that both are', () => {
  // 0 = A, 1 and 2 = the two names of B, 3 = C
  const twin = bodies([1, 2]);
  const edges = edgeList([
    [0, 1],
    [2, 3],
  ]);
  test('so it goes where records say the other name went', () => {
    for (const mode of ['ordered', 'conservative'] as const) {
      expect(sorted(walkForward(edges, [0], twin, mode))).toEqual([0, 1, 2, 3]);
      expect(sorted(walkBackward(edges, [3], twin, mode))).toEqual([0, 1, 2, 3]);
      expect(sorted(walkForward(edges, [0], ALONE, mode))).toEqual([0, 1]);
    }
  });
  test('the order counts there too', () => {
    const late = edgeList([
      [2, 3],
      [0, 1],
    ]);
    expect(sorted(walkForward(late, [0], twin, 'ordered'))).toEqual([0, 1, 2]);
    expect(sorted(walkForward(late, [0], twin, 'conservative'))).toEqual([0, 1, 2, 3]);
  });
  test('a walk from one name is a walk from the other, and tells by which name it came', () => {
    expect(sorted(walkForward(edges, [1], twin, 'ordered'))).toEqual([1, 2, 3]);
    expect(walkForward(edges, [1], twin, 'ordered').via.get(2)).toBe(-2 - 1);
  });
});

test('no edges, and starts given twice', () => {
  expect(walkForward(edgeList([]), [3, 3], ALONE, 'ordered').nodes).toEqual([3]);
  expect(walkBackward(edgeList([]), [3, 3], ALONE, 'conservative').nodes).toEqual([3]);
});

test('a chain of 100,000 is walked without a stack', () => {
  const length = 100_000;
  const chain = edgeList(Array.from({ length }, (_, i): Edge => [i, i + 1]));
  for (const mode of ['ordered', 'conservative'] as const) {
    expect(walkForward(chain, [0], ALONE, mode).nodes).toHaveLength(length + 1);
    expect(walkBackward(chain, [length], ALONE, mode).nodes).toHaveLength(length + 1);
  }
});

const NODES = 6;
const node = fc.nat(NODES - 1);
const graph = fc.array(fc.tuple(node, node), { maxLength: 14 });
const modes: readonly WalkMode[] = ['ordered', 'conservative'];

/** A body for each node: two nodes of one number are two names of one. */
const bodyOf = fc.array(fc.nat(NODES), { minLength: NODES, maxLength: NODES });

function bodiesBy(numbers: readonly number[]): SameBody {
  const nodes = numbers.map((_, place) => place);
  const groups = [...new Set(numbers)].map((number) => nodes.filter((place) => numbers[place] === number));
  return bodies(...groups.filter((group) => group.length > 1));
}

/** By trying every path: one of rising sequence in 'ordered', any in 'conservative'. */
function naiveForward(edges: readonly Edge[], start: number, same: SameBody, mode: WalkMode): number[] {
  const met = new Set<string>();
  const nodes = new Set<number>();
  const follow = (at: number, after: number) => {
    if (met.has(`${at} ${after}`)) return;
    met.add(`${at} ${after}`);
    nodes.add(at);
    for (const other of same.get(at) ?? []) follow(other, after);
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
      fc.property(graph, node, bodyOf, (edges, start, numbers) => {
        const same = bodiesBy(numbers);
        const walked = sorted(walkForward(edgeList(edges), [start], same, mode));
        expect(walked).toEqual(naiveForward(edges, start, same, mode));
      }),
      { numRuns: 1000 },
    );
  });

  test('from several starts is the union', () => {
    fc.assert(
      fc.property(graph, fc.array(node, { minLength: 1, maxLength: 3 }), bodyOf, (edges, starts, numbers) => {
        const same = bodiesBy(numbers);
        const union = new Set(starts.flatMap((start) => naiveForward(edges, start, same, mode)));
        const walked = sorted(walkForward(edgeList(edges), starts, same, mode));
        expect(walked).toEqual([...union].sort((a, b) => a - b));
      }),
      { numRuns: 300 },
    );
  });

  test('backward is the inverse of forward', () => {
    fc.assert(
      fc.property(graph, bodyOf, (edges, numbers) => {
        const list = edgeList(edges);
        const same = bodiesBy(numbers);
        const all = Array.from({ length: NODES }, (_, i) => i);
        const forward = all.map((y) => new Set(walkForward(list, [y], same, mode).nodes));
        const backward = all.map((x) => new Set(walkBackward(list, [x], same, mode).nodes));
        for (const x of all) {
          for (const y of all) expect(forward[y]!.has(x)).toBe(backward[x]!.has(y));
        }
      }),
      { numRuns: 300 },
    );
  });

  test('every node comes after the one that its edge leads from, by a chain that the mode allows', () => {
    fc.assert(
      fc.property(graph, node, bodyOf, fc.boolean(), (edges, start, numbers, back) => {
        const list = edgeList(edges);
        const reached = (back ? walkBackward : walkForward)(list, [start], bodiesBy(numbers), mode);
        expect(new Set(reached.nodes).size).toBe(reached.nodes.length);
        for (const at of reached.nodes) checkStep(list, reached, at, start, numbers, back, mode);
      }),
      { numRuns: 500 },
    );
  });
});

function checkStep(
  list: EdgeList,
  { nodes, via }: Reached,
  at: number,
  start: number,
  numbers: readonly number[],
  back: boolean,
  mode: WalkMode,
): void {
  const edge = via.get(at)!;
  if (edge === -1) {
    expect(at).toBe(start);
  } else if (edge < 0) {
    // By another name of its body, which came first.
    expect(numbers[-2 - edge]).toBe(numbers[at]);
    expect(nodes.indexOf(-2 - edge)).toBeLessThan(nodes.indexOf(at));
  } else {
    const [to, from] = back ? [list.src, list.dst] : [list.dst, list.src];
    expect(to[edge]).toBe(at);
    expect(nodes.indexOf(from[edge]!)).toBeLessThan(nodes.indexOf(at));
    let before = via.get(from[edge]!)!;
    while (before < -1) before = via.get(-2 - before)!;
    if (mode === 'ordered' && before >= 0) expect(Math.sign(edge - before)).toBe(back ? -1 : 1);
  }
}

test('what is reached in order is reached conservatively', () => {
  fc.assert(
    fc.property(graph, node, bodyOf, (edges, start, numbers) => {
      const list = edgeList(edges);
      const same = bodiesBy(numbers);
      for (const walk of [walkForward, walkBackward]) {
        const superset = new Set(walk(list, [start], same, 'conservative').nodes);
        for (const reached of walk(list, [start], same, 'ordered').nodes) {
          expect(superset.has(reached)).toBe(true);
        }
      }
    }),
    { numRuns: 500 },
  );
});
