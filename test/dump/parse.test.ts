import { describe, expect, test } from 'vitest';
import { FunctionTable } from '../../src/dump/function-table.js';
import { edgesInWords, factsOf } from './facts-in-words.js';

test('an empty dump is a dump without records', () => {
  expect(factsOf('')).toEqual({ nodes: [], edges: [], lines: 0, problems: [] });
});

test('nodes are told apart by name and order, and edges keep their line', () => {
  const facts = factsOf(
    [
      'Callgraph clone;f;1;a.c;3;1;g;2;a.c;9;1;inlining to',
      'Callgraph removal;f;1;a.c;3;1',
      'Callgraph clone;f;5;b.h;4;1;g;2;a.c;9;1;inlining to',
      'Callgraph clone;f;1;a.c;3;1;g;2;a.c;9;1;inlining to',
      '',
    ].join('\n'),
  );
  expect(facts.nodes).toEqual([
    { name: 'f', order: 1, file: 'a.c', line: 3, col: 1, removed: true },
    { name: 'g', order: 2, file: 'a.c', line: 9, col: 1, removed: false },
    { name: 'f', order: 5, file: 'b.h', line: 4, col: 1, removed: false },
  ]);
  expect(facts.edges.map(({ seq }) => seq)).toEqual([1, 3, 4]);
  expect(edgesInWords(facts)).toEqual(['f/1 inlining to g/2', 'f/5 inlining to g/2', 'f/1 inlining to g/2']);
  expect(facts.problems).toEqual([]);
});

test('a function inlined into itself, into a saved body, and in a cycle', () => {
  const facts = factsOf(
    [
      'Callgraph clone;r;1;a.c;3;1;r;8;a.c;3;1;(null)',
      'Callgraph clone;r;8;a.c;3;1;r;1;a.c;3;1;inlining to',
      'Callgraph clone;r;1;a.c;3;1;r;1;a.c;3;1;inlining to',
      '',
    ].join('\n'),
  );
  expect(edgesInWords(facts)).toEqual(['r/1 (null) r/8', 'r/8 inlining to r/1', 'r/1 inlining to r/1']);
});

test('both forms, odd paths and plain lines in one dump are the same nodes', () => {
  const facts = factsOf(
    [
      'Callgraph clone;f;1;odd;dir/a.c;3;1;g;2;a.c;9;1;isra',
      'Callgraph clone;f;1;odd;dir/a.c;3;1;<-;g;2;a.c;9;1;optimization:;part',
      'Callgraph clone;g;2;a.c;9;1;h;3;a.c;20;1;inlining to',
      'Callgraph removal;f;1;odd;dir/a.c;3;1',
      'Callgraph clone;h;3;a.c;20;1;f;1;odd;dir/a.c;3;1;constprop',
      '',
    ].join('\n'),
  );
  expect(facts.problems).toEqual([]);
  expect(edgesInWords(facts)).toEqual([
    'f/1 isra g/2',
    'f/1 part g/2',
    'g/2 inlining to h/3',
    'h/3 constprop f/1',
  ]);
  expect(facts.nodes.map(({ name, file, removed }) => `${name} ${file} ${removed}`)).toEqual([
    'f odd;dir/a.c true',
    'g a.c false',
    'h a.c false',
  ]);
});

test('the mark of a name that the source gave is no part of it, in both forms', () => {
  const facts = factsOf(
    [
      'Callgraph clone;f;1;a.c;3;1;*real;2;a.c;9;1;inlining to',
      'Callgraph clone;f;1;odd;dir/a.c;3;1;<-;*real;2;a.c;9;1;optimization:;inlining to',
      'Callgraph clone;*real;2;a.c;9;1;*real.part.0;3;a.c;9;1;part',
      'Callgraph removal;*real;2;a.c;9;1',
      '',
    ].join('\n'),
  );
  expect(edgesInWords(facts)).toEqual([
    'f/1 inlining to real/2',
    'f/1 inlining to real/2',
    'real/2 part real.part.0/3',
  ]);
  expect(facts.nodes.map(({ name, removed }) => `${name} ${removed}`)).toEqual([
    'f false',
    'real true',
    'real.part.0 false',
  ]);
});

test('a path that looks like the end of a reference at first sight', () => {
  const facts = factsOf(
    'Callgraph removal;f;1;x;1;2/a.c;3;20\nCallgraph clone;g;2;x;1;2/a.c;8;1;f;1;x;1;2/a.c;3;20;isra\n',
  );
  expect(facts.nodes).toEqual([
    { name: 'f', order: 1, file: 'x;1;2/a.c', line: 3, col: 20, removed: true },
    { name: 'g', order: 2, file: 'x;1;2/a.c', line: 8, col: 1, removed: false },
  ]);
  expect(edgesInWords(facts)).toEqual(['g/2 isra f/1']);
});

test('the first mention of a node places it', () => {
  const facts = factsOf(
    'Callgraph removal;f;1;a.c;3;1\nCallgraph removal;f;1;a.c;3;12\nCallgraph removal;f;1;b.c;30;1\n',
  );
  expect(facts.nodes).toEqual([{ name: 'f', order: 1, file: 'a.c', line: 3, col: 1, removed: true }]);
});

test('line ends of another system change nothing', () => {
  const text =
    'Callgraph clone;f;1;a.c;3;1;g;2;a.c;9;1;inlining to\nCallgraph removal;f;1;a.c;3;1\n' +
    'Callgraph clone;f;1;a.c;3;1;f.isra.0;4;a.c;3;1;isra\n';
  expect(factsOf(text.replaceAll('\n', '\r\n'))).toEqual(factsOf(text));
});

test('functions are interned over all dumps of one table', () => {
  const table = new FunctionTable();
  factsOf('Callgraph clone;f;1;a.h;3;1;g;2;a.c;9;1;isra\n', table);
  factsOf('Callgraph clone;f;77;a.h;3;1;h;2;b.c;9;1;isra\n', table);
  expect(table.names).toEqual(['f', 'g', 'h']);
  expect(table.paths).toEqual(['a.h', 'a.c', 'b.c']);
  expect(table.kinds).toEqual(['inlining to', 'isra']);
  expect(table.functions.length / 4).toBe(3);
});

test('records of the shortest kind are all kept', () => {
  const lines = Array.from({ length: 500 }, () => 'Callgraph clone;n;1;;1;1;m;1;;1;1;k\n');
  const facts = factsOf(lines.join(''));
  expect(facts.problems).toEqual([]);
  expect(facts.edges).toHaveLength(500);
});

test('many nodes, far more than the tables begin with', () => {
  const count = 20_000;
  const lines = Array.from(
    { length: count },
    (_, i) => `Callgraph clone;f${i};${i};a.c;${i};1;f${i + 1};${i + 1};a.c;${i + 1};1;inlining to\n`,
  );
  const facts = factsOf(lines.join(''));
  expect(facts.nodes).toHaveLength(count + 1);
  expect(facts.edges.every(({ original, target }, i) => original === i && target === i + 1)).toBe(true);
});

describe('lines that are no records', () => {
  const good = 'Callgraph removal;f;1;a.c;3;1\n';

  test('are told by number, and the others are kept', () => {
    const facts = factsOf(`${good}garbage\n${good}\nCallgraph clone;f;1\n`);
    expect(facts.problems.map(({ line }) => line)).toEqual([2, 4, 5]);
    expect(facts.nodes).toHaveLength(1);
    expect(facts.lines).toBe(5);
  });

  test('the last line without its end is cut off, even where it reads as a record', () => {
    const facts = factsOf(`${good}Callgraph removal;g;2;a.c;3;1`);
    expect(facts.problems).toEqual([{ line: 2, what: expect.stringContaining('middle of a line') }]);
    expect(facts.nodes.map(({ name }) => name)).toEqual(['f']);
  });

  test('leave no node behind, and no word', () => {
    const table = new FunctionTable();
    const facts = factsOf(
      'Callgraph clone;lost;1;lost.c;3;1;host;2;a.c;9\nCallgraph clone;cut;1;a.c;2;1;',
      table,
    );
    expect(facts.problems).toHaveLength(2);
    expect(facts.nodes).toEqual([]);
    expect([...table.names, ...table.paths]).toEqual([]);
  });

  test('numbers beyond what GCC counts with are not wrapped into other ones', () => {
    for (const bad of [
      'Callgraph removal;f;4294967297;a.c;3;1\n',
      'Callgraph removal;f;1;a.c;4294967297;1\n',
      'Callgraph clone;f;1;a.c;3;1;g;9999999999;a.c;3;1;isra\n',
    ]) {
      const facts = factsOf(bad);
      expect(facts.problems).toHaveLength(1);
      expect(facts.nodes).toEqual([]);
    }
  });

  test('another kind of file does not fill the memory with problems', () => {
    const facts = factsOf('x\n'.repeat(100_000));
    expect(facts.problems.length).toBeGreaterThan(0);
    expect(facts.problems.length).toBeLessThan(1000);
  });
});
