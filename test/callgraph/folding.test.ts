import { expect, test } from 'vitest';
import { parseFolding } from '../../src/callgraph/folding.js';

const hits = (text: string) =>
  parseFolding(Buffer.from(text)).map(({ kept, folded }) => `${kept} <- ${folded}`);

test('-fdump-ipa-icf-optimized: the pairs between everything else', () => {
  const dump = `Dump after hash based groups
Congruence classes: 3 with total: 7 items (in a non-singular class: 6)

a.c:2:38: optimized: Semantic equality hit:one/0->two/1
a.c:2:38: optimized: Assembler symbol names:one/0->two/1
Unified; Function alias has been created.
a.c:4:5: optimized: Semantic equality hit:three/2->four/3
a.c:4:5: optimized: Assembler symbol names:three/2->*four_object/3
Analyzing function: four/3
`;
  expect(hits(dump)).toEqual(['one <- two', 'three <- four_object']);
});

test('names with dots and slashes of a directory, an end without a newline, no orders', () => {
  expect(hits('d/a b.c:1:1: optimized: Assembler symbol names:f.part.0/12->g.part.0/13')).toEqual([
    'f.part.0 <- g.part.0',
  ]);
  expect(hits('optimized: Assembler symbol names:f->g\r\n')).toEqual(['f <- g']);
});

test('a file without any, and a line that is cut', () => {
  expect(hits('')).toEqual([]);
  expect(
    hits('a.c:1:1: optimized:  Inlined f/1 into g/2\na.c:1:1: optimized: Assembler symbol names:f/1'),
  ).toEqual([]);
});
