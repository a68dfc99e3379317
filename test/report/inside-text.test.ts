import { expect, test } from 'vitest';
import type { MemberClass, UnitAnswer } from '../../src/reach/answer.js';
import { insideText } from '../../src/report/inside-text.js';
import { member, unit } from '../audit/facts.js';
import { answer, report, text, unitAnswer } from './answers.js';
import { plain } from './telling.js';

const said = (units: readonly UnitAnswer[], why = false, ...only: readonly MemberClass[]) =>
  text(
    insideText(
      { ...report(answer('f', units)), direction: 'inlined', why },
      plain(only.length === 0 ? {} : { only: new Set(only) }),
    ),
  );
const inside = (from: number) => ({ step: { from, kind: 'inlining to', seq: 1 } });
const members = [
  member('f'),
  member('helper', { class: 'gone', file: 'include/h.h', line: 3, ...inside(0) }),
  member('deeper', { line: 9, ...inside(1) }),
];

test('whose code a function contains', () => {
  expect(said([unitAnswer(members)])).toBe(`f  mm/a.c:7
has the code of 2 functions
  helper  include/h.h:3
  deeper  mm/a.c:9
`);
  expect(said([unitAnswer(members)], true)).toContain('        f <-[inlined]- helper <-[inlined]- deeper\n');
  expect(said([unitAnswer(members)], false, 'patch')).not.toContain('helper');
});

test('in several units each stands with its own', () => {
  const other = unit(2, 'b');
  const there = [member('f', { unit: other }), member('more', { unit: other, ...inside(0) })];
  expect(said([unitAnswer(members), unitAnswer(there)])).toContain('more    mm/a.c:7       in mm/b.c\n');
});

test('none', () => {
  expect(said([unitAnswer([member('f')])])).toBe('f  mm/a.c:7\nhas no code of other functions\n');
});
