import { expect, test } from 'vitest';
import { CALL, type Member, type UnitAnswer } from '../../src/reach/answer.js';
import { treeText } from '../../src/report/tree-text.js';
import { member, stuckMember } from '../audit/facts.js';
import { answer, report, text, unitAnswer } from './answers.js';
import { plain } from './telling.js';

const by = (from: number, kind: string) => ({ step: { from, kind, seq: kind === CALL ? null : 1 } });
const tree = (members: readonly Member[], width = 100, more: Partial<UnitAnswer> = {}) =>
  text(treeText(report(answer('f', [unitAnswer(members, more)])), plain({ width })));

test('what led to a member stands above it; what several lead to is told once', () => {
  const clone = { class: 'clone', stuck: 'clone', clone: true } as const;
  const members = [
    member('f', { class: 'gone', places: [] }),
    stuckMember('f.isra.0', { ...clone, calledBy: [2, 3], ...by(0, 'isra') }),
    stuckMember('g.part.0', { ...clone, calledBy: [3, 4], ...by(1, CALL) }),
    member('top', by(1, CALL)),
    stuckMember('quiet', { deadEnd: true, calledBy: [1], ...by(2, CALL) }),
    member('host', by(0, 'inlining to')),
  ];
  expect(tree(members)).toBe(`f  mm/a.c:7
replace 2 functions

mm/a.c
  f  gone  mm/a.c:7
    isra: f.isra.0  clone  mm/a.c:7
      called by: g.part.0  clone  mm/a.c:7
        called by: top  patch  mm/a.c:7
        called by: quiet  keeps the old code  mm/a.c:7
          called by: f.isra.0  clone  (see above)
      called by: top  patch  (see above)
    inlined: host  patch  mm/a.c:7
`);
});

test('a chain that is deeper than the line is wide says how deep', () => {
  const members = Array.from({ length: 5_000 }, (_, at) =>
    member(`f${at}`, at === 0 ? {} : by(at - 1, 'inlining to')),
  );
  const lines = tree(members, 80).split('\n');
  expect(lines.at(-2)).toMatch(/^ {26}\[5000\] {2}inlined: f4999 /);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
});

test('what keeps the old code has what keeps it open said at the end', () => {
  const open = { reason: 'callers-unknown', references: [] } as const;
  const unknown = { unit: 'mm/a.c.000i.ipa-clones', function: 'f', code: 'open-end', open } as const;
  const told = tree([stuckMember('f', { deadEnd: true, open: [open] })], 100, {
    verdict: 'unpatchable',
    unknowns: [unknown],
  });
  expect(told).toContain('\n  f (mm/a.c): its callers are not known');
});
