import fc from 'fast-check';
import pico from 'picocolors';
import { describe, expect, test } from 'vitest';
import { type Cell, columnStops, HANG, Page } from '../../src/report/page.js';

const plain = (width: number) => new Page(width, pico.createColors(false));
const cells = (...texts: readonly string[]): Cell[] => texts.map((text) => ({ text }));
const table = (width: number, ...rows: readonly (readonly string[])[]) => {
  const all = rows.map((row) => cells(...row));
  const stops = columnStops(all, 2, width, 1);
  return all.flatMap((row) => [...plain(width).row(row, stops, HANG)]);
};

describe('a table', () => {
  test('has columns as wide as their widest cells', () => {
    expect(
      table(80, ['vmlinux', 'f', '', 'mm/a.c:1'], ['xfs', 'longer_name', 'sympos 2', 'fs/b.c:20']),
    ).toEqual(['  vmlinux  f                      mm/a.c:1', '  xfs      longer_name  sympos 2  fs/b.c:20']);
  });

  test('has no column for what no row has', () => {
    expect(table(80, ['', 'f', '', 'mm/a.c:1'], ['', 'g', '', 'mm/a.c:2'])).toEqual([
      '  f  mm/a.c:1',
      '  g  mm/a.c:2',
    ]);
  });

  test('lets one long name stand out of line rather than break the others', () => {
    expect(
      table(
        40,
        ['vmlinux', 'f', '', 'drivers/a.c:1'],
        ['vmlinux', 'g', '', 'drivers/a.c:2'],
        ['vmlinux', 'n'.repeat(20), '', 'a.c:3'],
      ),
    ).toEqual([
      '  vmlinux  f  drivers/a.c:1',
      '  vmlinux  g  drivers/a.c:2',
      '  vmlinux  nnnnnnnnnnnnnnnnnnnn  a.c:3',
    ]);
  });

  test('breaks a row between cells where it fits on no line', () => {
    expect(table(40, ['vmlinux', 'n'.repeat(20), '', 'drivers/gpu/a.c:1'])).toEqual([
      '  vmlinux  nnnnnnnnnnnnnnnnnnnn',
      '        drivers/gpu/a.c:1',
    ]);
  });

  test('of names without another column before them', () => {
    const rows = [cells('f', 'mm/a.c:1'), cells('longer', 'mm/a.c:2')];
    const stops = columnStops(rows, 2, 80, 0);
    expect(rows.flatMap((row) => [...plain(80).row(row, stops, HANG)])).toEqual([
      '  f       mm/a.c:1',
      '  longer  mm/a.c:2',
    ]);
  });
});

describe('prose', () => {
  const prose = (text: string | readonly string[], width: number, hang?: number) => [
    ...plain(width).prose(text, 2, undefined, hang),
  ];

  test('is wrapped at spaces, with what is over under a hang', () => {
    expect(prose('one two three four', 14)).toEqual(['  one two', '  three four']);
    expect(prose('one two three four', 14, 4)).toEqual(['  one two', '    three four']);
  });

  test('breaks no word', () => {
    expect(prose(`a ${'b'.repeat(30)} c`, 14)).toEqual(['  a', 'b'.repeat(30), '  c']);
  });

  test('of words with spaces breaks between words only', () => {
    expect(prose(['9 unpatchable,', '3 unused'], 18)).toEqual(['  9 unpatchable,', '  3 unused']);
  });
});

test('what a terminal would obey is made visible', () => {
  expect([...plain(80).row(cells('a\u001b[31mb', 'c\u202ed'), [0], 0)]).toEqual([
    'a\\u{1b}[31mb  c\\u{202e}d',
  ]);
  expect([...plain(80).prose('a\u0007 b\nc')]).toEqual(['a\\u{7} b\\u{a}c']);
});

test('colours do not count', () => {
  const page = new Page(20, pico.createColors(true));
  const row: Cell[] = [
    { text: 'name', style: 'green' },
    { text: 'mm/a.c:1', style: 'dim' },
  ];
  expect([...page.row(row, [2, 8], HANG)]).toEqual([
    '  \u001b[32mname\u001b[39m  \u001b[2mmm/a.c:1\u001b[22m',
  ]);
});

const word = fc.stringMatching(/^[a-z_/.:0-9]{0,50}$/);
const row = fc.array(word, { minLength: 1, maxLength: 6 });

test('no line passes the width, unless a single cell does; every cell is whole and in its order', () => {
  fc.assert(
    fc.property(
      fc.array(row, { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 40, max: 200 }),
      (rows, width) => {
        const all = rows.map((texts) => cells(...texts));
        const stops = columnStops(all, 2, width, 1);
        for (const one of all) {
          const lines = [...plain(width).row(one, stops, HANG)];
          for (const line of lines) {
            expect(line.length <= width || !line.trim().includes(' ')).toBe(true);
          }
          expect(lines.flatMap((line) => line.split(' ').filter(Boolean))).toEqual(
            one.map(({ text }) => text).filter(Boolean),
          );
        }
      },
    ),
  );
});

test('prose keeps its words and the width', () => {
  fc.assert(
    fc.property(
      fc.array(fc.stringMatching(/^[a-z]{1,30}$/)),
      fc.integer({ min: 40, max: 200 }),
      (words, width) => {
        const lines = [...plain(width).prose(words.join(' '), 4, undefined, 8)];
        expect(lines.flatMap((line) => line.split(' ').filter(Boolean))).toEqual(words);
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
      },
    ),
  );
});
