import { describe, expect, test } from 'vitest';
import { parseRecord } from '../../src/dump/record.js';

const f = { name: 'f', order: 7, file: 'a.c', line: 3, col: 20 };
const g = { name: 'g', order: 9, file: './include/g.h', line: 40, col: 5 };

test('a clone record says whose code went where, and how', () => {
  expect(parseRecord('Callgraph clone;f;7;a.c;3;20;g;9;./include/g.h;40;5;inlining to')).toEqual({
    type: 'clone',
    original: f,
    target: g,
    kind: 'inlining to',
  });
});

test('a removal record names a node', () => {
  expect(parseRecord('Callgraph removal;f;7;a.c;3;20')).toEqual({ type: 'removal', node: f });
});

test('the form of the oldest GCCs says the same in 14 fields', () => {
  expect(
    parseRecord('Callgraph clone;f;7;a.c;3;20;<-;g;9;./include/g.h;40;5;optimization:;inlining to'),
  ).toEqual({ type: 'clone', original: f, target: g, kind: 'inlining to' });
});

describe('any kind is a clone, known or not', () => {
  const kinds = [
    'constprop',
    'isra',
    'part',
    'simdclone',
    '(null)',
    'avx2',
    'arch_haswell',
    'default',
    'sse4.2,popcnt',
    'array_dse',
    'locality_clone',
    'what GCC adds next',
  ];
  test.each(kinds)('%s', (kind) => {
    const inNew = parseRecord(`Callgraph clone;f;7;a.c;3;20;g;9;./include/g.h;40;5;${kind}`);
    const inOld = parseRecord(`Callgraph clone;f;7;a.c;3;20;<-;g;9;./include/g.h;40;5;optimization:;${kind}`);
    expect(inNew).toEqual({ type: 'clone', original: f, target: g, kind });
    expect(inOld).toEqual(inNew);
  });
});

describe('a path may hold semicolons', () => {
  const odd = { ...f, file: '../odd;dir/a.c' };
  test('of the first function', () => {
    expect(parseRecord('Callgraph clone;f;7;../odd;dir/a.c;3;20;g;9;./include/g.h;40;5;isra')).toEqual({
      type: 'clone',
      original: odd,
      target: g,
      kind: 'isra',
    });
  });
  test('of the second, of both, and several of them', () => {
    const text = 'Callgraph clone;f;7;../odd;dir/a.c;3;20;g;9;../odd;dir/;b;;c.h;40;5;part';
    expect(parseRecord(text)).toEqual({
      type: 'clone',
      original: odd,
      target: { ...g, file: '../odd;dir/;b;;c.h' },
      kind: 'part',
    });
  });
  test('in the old form', () => {
    const text =
      'Callgraph clone;f;7;../odd;dir/a.c;3;20;<-;g;9;../odd;dir/b.h;40;5;optimization:;inlining to';
    expect(parseRecord(text)).toEqual({
      type: 'clone',
      original: odd,
      target: { ...g, file: '../odd;dir/b.h' },
      kind: 'inlining to',
    });
  });
  test('in a removal, even with numbers between them', () => {
    expect(parseRecord('Callgraph removal;f;7;odd;1;2;dir/a.c;3;20')).toEqual({
      type: 'removal',
      node: { ...f, file: 'odd;1;2;dir/a.c' },
    });
  });
  test('a folder named like the end of a function is no end where an assembler name would hold a slash', () => {
    expect(parseRecord('Callgraph clone;f;7;x;1;2/a.c;3;20;g;9;x;1;2/g.h;40;5;isra')).toMatchObject({
      original: { file: 'x;1;2/a.c', line: 3 },
      target: { name: 'g', file: 'x;1;2/g.h' },
    });
  });
  test('what can be read in more than one way is not guessed', () => {
    expect(parseRecord('Callgraph clone;f;7;a;1;2;b;3;4;g;9;c;5;6;isra')).toMatch(/more than one way/);
  });
});

describe('what is no record says why', () => {
  test.each([
    ['', 'no record'],
    ['int main(void) {', 'no record'],
    ['callgraph clone;f;7;a.c;3;20;g;9;g.h;40;5;isra', 'no record'],
    ['Callgraph clone', 'clone record needs'],
    ['Callgraph clone;f;7;a.c;3;20;g;9;g.h;40;5', 'clone record needs'],
    ['Callgraph clone;f;7;a.c;3;20;g;9;g.h;40;5;', 'clone record needs'],
    ['Callgraph clone;;7;a.c;3;20;g;9;g.h;40;5;isra', 'clone record needs'],
    ['Callgraph clone;f;seven;a.c;3;20;g;9;g.h;40;5;isra', 'clone record needs'],
    ['Callgraph clone;f;7;a.c;3;20;g;9;g.h;forty;5;isra', 'clone record needs'],
    ['Callgraph clone;f;7;a.c;3;20;<-;g;9;g.h;40;5;optimization:;', 'old form'],
    ['Callgraph clone;f;7;a.c;3;20;<-;g;9;g.h;40;optimization:;isra', 'old form'],
    ['Callgraph removal;f;7;a.c;3', 'removal record needs'],
    ['Callgraph removal;f;7;a.c;3;', 'removal record needs'],
    ['Callgraph removal;f;99999999999;a.c;3;1', 'removal record needs'],
    ['Callgraph removal;f;4294967295;a.c;3;1', 'removal record needs'],
  ])('%s', (text, what) => {
    expect(parseRecord(text)).toEqual(expect.stringContaining(what));
  });
});
