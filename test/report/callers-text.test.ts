import { expect, test } from 'vitest';
import { CALL, type Member, type UnitAnswer } from '../../src/reach/answer.js';
import type { Caller, OtherCallers } from '../../src/reach/callers.js';
import { callersText } from '../../src/report/callers-text.js';
import { reachText } from '../../src/report/reach-text.js';
import { member, stuckMember } from '../audit/facts.js';
import { answer, PROVENANCE, report, text, unitAnswer } from './answers.js';
import { plain } from './telling.js';

const calledFrom = (from: number) => ({ step: { from, kind: CALL, seq: null } });
const caller = (of: Member, more: Partial<Caller> = {}): Caller => {
  return { member: of, calls: 1, inPatchSet: true, standIns: [], ...more };
};
const NO_OTHERS = { nodump: [], known: true };
const said = (units: readonly UnitAnswer[], ...callers: readonly (readonly Caller[])[]) =>
  text(
    callersText(
      {
        mode: 'ordered',
        answers: [{ reach: answer('f', units), callers, others: units.map(() => NO_OTHERS) }],
        provenance: PROVENANCE,
      },
      false,
      plain(),
    ),
  );

const top = member('top', { line: 40, ...calledFrom(1) });
const clone = stuckMember('g.isra.0', {
  class: 'clone',
  stuck: 'clone',
  calledBy: [2],
  line: 30,
  ...calledFrom(0),
});
const direct = member('direct', { line: 20, ...calledFrom(0) });
const setup = member('setup', { class: 'init', line: 50, ...calledFrom(0) });
const units = [unitAnswer([stuckMember('f', { calledBy: [1, 3, 4] }), clone, top, direct, setup])];
const all = [caller(direct, { calls: 2 }), caller(clone, { standIns: [top] }), caller(setup, { calls: 0 })];

test('callers by what a livepatch does about them, then the patch set as affected has it', () => {
  const told = said(units, all);
  expect(told).toContain(`f  mm/a.c:7
called by 3 functions after optimisation, in 3 places

1 function calls it and is replaced
  2x  vmlinux  direct  mm/a.c:20

1 function calls it and cannot be redirected
  a clone: no function compiled from source has its signature
  1x  vmlinux  g.isra.0  mm/a.c:30
        instead: top

1 function of init code called it
  vmlinux  setup  mm/a.c:50

replace 2 functions
`);
  const affected = text(reachText(report(answer('f', units)), plain()));
  expect(told.endsWith(affected.slice(affected.indexOf('\n') + 1))).toBe(true);
});

test('callers of a function that is replaced itself need no change', () => {
  const told = said(
    [unitAnswer([member('f')])],
    [caller(direct, { inPatchSet: false }), caller(clone, { inPatchSet: false, standIns: [top] })],
  );
  expect(told).toContain(`2 functions call it and need no change
  1x  vmlinux  direct    mm/a.c:20
  1x  vmlinux  g.isra.0  mm/a.c:30

replace 1 function`);
  expect(told).not.toContain('instead');
});

test('one that keeps the old code says so', () => {
  const dead = stuckMember('quiet', { deadEnd: true, ...calledFrom(0) });
  const told = said(
    [unitAnswer([stuckMember('f', { calledBy: [1] }), dead], { verdict: 'unpatchable' })],
    [caller(dead)],
  );
  expect(told).toContain('        keeps the old code: see below\n');
});

test('no callers', () => {
  expect(said([unitAnswer([member('f')])], [])).toMatch(
    /^f {2}mm\/a\.c:7\nno function calls it after optimisation\n\nreplace 1 function/,
  );
});

test('a caller of bodies in several units is one, with all its calls', () => {
  const one = unitAnswer([member('f')]);
  const told = said([one, one], [caller(direct, { calls: 2 })], [caller(direct, { calls: 3 })]);
  expect(told).toContain('called by 1 function after optimisation, in 5 places');
  expect(told).toContain('5x  vmlinux  direct');
});

test('code without a dump calls it: no sentence says that nothing does', () => {
  const entry = { section: '.text', by: 'entry', unit: null, object: 'vmlinux' };
  const one = (others: OtherCallers, ...callers: readonly Caller[]) => {
    const answers = [
      { reach: answer('f', [unitAnswer([member('f')])]), callers: [callers], others: [others] },
    ];
    const told = callersText({ mode: 'ordered', answers, provenance: PROVENANCE }, false, plain());
    return text(told).split('\n\nreplace')[0];
  };
  expect(one(NO_OTHERS)).toBe('f  mm/a.c:7\nno function calls it after optimisation');
  expect(one({ nodump: [entry], known: true })).toBe(`f  mm/a.c:7
called by code without a dump

1 place of code without a dump calls it
  entry (vmlinux)`);
  expect(one({ nodump: [entry], known: true }, caller(member('g'), { inPatchSet: false }))).toContain(
    'called by 1 function after optimisation, in 1 place\n',
  );
  expect(one({ nodump: [], known: false })).toBe(`f  mm/a.c:7
no call of it was found
  not all calls were read: there may be others`);
});
