import { expect, test } from 'vitest';
import type { UnitCode } from '../../src/reach/unit-code.js';
import { sameBodyNodes } from '../../src/reach/unit-walk.js';

/** Nodes by name, and symbols as [name, body]. */
function unit(
  nodes: readonly number[],
  symbols: readonly (readonly [name: number, body: number])[],
): UnitCode {
  const columns: Partial<UnitCode> = {
    base: 0,
    bodyCount: new Set(symbols.map(([, body]) => body)).size,
    nodeName: Int32Array.from(nodes),
    symbolName: Int32Array.from(symbols, ([name]) => name),
    symbolBody: Int32Array.from(symbols, ([, body]) => body),
    symbolFlags: new Uint8Array(symbols.length),
  };
  return columns as UnitCode;
}

test('nodes of one name are no body’s other names', () => {
  expect(sameBodyNodes(unit([7, 7], [[7, 0]])).size).toBe(0);
});

test('each node of a name reaches each node of the other names', () => {
  const same = sameBodyNodes(
    unit(
      [7, 8, 7, 9],
      [
        [7, 0],
        [8, 0],
        [9, 1],
      ],
    ),
  );
  expect([...same]).toEqual([
    [0, [1]],
    [2, [1]],
    [1, [0, 2]],
  ]);
});

test('a static name that is that of two bodies has the other names of both', () => {
  const same = sameBodyNodes(
    unit(
      [7, 8, 9],
      [
        [7, 0],
        [7, 1],
        [8, 0],
        [9, 1],
      ],
    ),
  );
  expect(same.get(0)).toEqual([1, 2]);
  expect(same.get(1)).toEqual([0]);
  expect(same.get(2)).toEqual([0]);
});
