import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cellsOf, csvLines } from '../../src/report/csv.js';
import { readCsv } from '../cli/csv.js';
import { text } from './answers.js';

test('lines end in CR LF, and cells that need quotes have them', () => {
  const rows = [
    ['f', 1, null],
    ['a,b', 'say "x"', 'two\nlines'],
  ];
  expect(text(csvLines(['name', 'n', 'more'], rows))).toBe(
    'name,n,more\r\nf,1,\r\n"a,b","say ""x""","two\nlines"\r\n',
  );
});

test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '\rx', '＝1'])('%j is no formula', (cell) => {
  const [row] = readCsv(text(csvLines(['name'], [[cell]])));
  expect(row!['name']).toBe(`'${cell}`);
});

test('a number stays one', () => {
  expect(text(csvLines(['n'], [[-1]]))).toBe('n\r\n-1\r\n');
});

test('without rows there is the header', () => {
  expect(text(csvLines(['a', 'b'], []))).toBe('a,b\r\n');
});

test('rows that name their columns end alike, and where there is none one says so', () => {
  const lines = (rows: readonly { a?: number; b?: string }[]) =>
    text(csvLines(['a', 'b', 'version'], cellsOf<'a' | 'b'>(['a', 'b'], rows, ['9.9.9'])));
  expect(lines([{ a: 1 }, { b: 'x' }])).toBe('a,b,version\r\n1,,9.9.9\r\n,x,9.9.9\r\n');
  expect(lines([])).toBe('a,b,version\r\n,,9.9.9\r\n');
});

test('what is read is what was written, but for formulas', () => {
  const harmless = fc.string({ unit: 'grapheme' }).filter((cell) => !/^[=+\-@\t\r＝＋－＠]/.test(cell));
  fc.assert(
    fc.property(fc.array(fc.record({ a: harmless, b: harmless })), (rows) => {
      const cells = rows.map(({ a, b }) => [a, b]);
      expect(readCsv(text(csvLines(['a', 'b'], cells)))).toEqual(rows);
    }),
  );
});

test('is written in pieces', () => {
  const pieces = [
    ...csvLines(
      ['n'],
      Array.from({ length: 10_000 }, (_, n) => [n]),
    ),
  ];
  expect(pieces.length).toBeGreaterThan(10);
  expect(text(pieces).split('\r\n')).toHaveLength(10_002);
});
