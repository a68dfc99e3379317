import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeDump,
  decodeLinked,
  edgeLines,
  encodeDump,
  encodeLinked,
  SymbolFlags,
  type UnitDump,
  type UnitLinked,
} from '../../src/graph/unit-graph.js';
import { askKernel } from '../helpers/asked.js';
import { ofBlobs, ofTables, plain } from '../helpers/graph-rows.js';
import { query } from '../helpers/index-rows.js';
import { randomKernel } from '../helpers/random-kernel.js';

/** Columns whose values fit one byte, two or four. */
const column = (most = 2 ** 31 - 1) =>
  fc
    .constantFrom(200, 255, 256, 65_535, 65_536, most)
    .chain((limit) => fc.array(fc.nat(Math.min(limit, most)), { maxLength: 20 }))
    .map((numbers) => Int32Array.from(numbers));

const dump: fc.Arbitrary<UnitDump> = fc
  .record({
    nodes: fc.array(fc.tuple(fc.nat(2 ** 30 - 1), fc.nat(1)), { maxLength: 20 }),
    src: column(),
    dst: column(),
    step: column(),
    kind: column(),
    cloneNames: column(),
    folded: column(),
    kept: column(),
    maybeFolded: column(),
  })
  .map(({ nodes, ...columns }) => ({
    nodeName: Int32Array.from(nodes, ([name]) => name),
    nodeRemoved: Uint8Array.from(nodes, ([, removed]) => removed),
    ...columns,
  }));
const linked: fc.Arbitrary<UnitLinked> = fc.record({
  images: column(),
  symbolName: column(),
  symbolBody: column(),
  symbolFlags: column(255),
});

describe('a blob is read back as it was written', () => {
  test('of a dump', () => {
    fc.assert(
      fc.property(dump, (columns) => {
        expect(plain(decodeDump(encodeDump(columns)))).toEqual(plain(columns));
      }),
      { numRuns: 300 },
    );
  });

  test('of what was linked', () => {
    fc.assert(
      fc.property(linked, (columns) => {
        expect(plain(decodeLinked(encodeLinked(columns)))).toEqual(plain(columns));
      }),
      { numRuns: 300 },
    );
  });

  test('wherever it lies in memory', () => {
    fc.assert(
      fc.property(linked, fc.nat(7), (columns, before) => {
        const blob = encodeLinked(columns);
        const moved = Buffer.concat([Buffer.alloc(before), blob]).subarray(before);
        expect(plain(decodeLinked(moved))).toEqual(plain(columns));
      }),
      { numRuns: 100 },
    );
  });
});

test('the lines of edges are how many come after the one before', () => {
  expect([...edgeLines(Uint8Array.of(1, 1, 3, 250, 250))]).toEqual([1, 2, 5, 255, 505]);
});

test('the flags of a symbol are its binding, its role and whether it lost', () => {
  for (const lost of [0, 1]) {
    for (const role of [0, 1, 2, 3, 4]) {
      for (const binding of [0, 1, 2, 3]) {
        const flags = SymbolFlags.pack(lost, role, binding);
        expect([SymbolFlags.isLost(flags), SymbolFlags.role(flags), SymbolFlags.isLocal(flags)]).toEqual([
          lost === 1,
          role,
          binding === 0,
        ]);
      }
    }
  }
});

test('the blobs of an index say what its tables say', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(randomKernel, async (kernel) => {
      const { db } = await askKernel(kernel);
      const units = query(db, 'SELECT id FROM unit').map(({ id }) => id as number);
      expect(units).toHaveLength(3);
      for (const unit of units) expect(ofBlobs(db, unit)).toEqual(ofTables(db, unit));
    }),
    { numRuns: 20 },
  );
});
