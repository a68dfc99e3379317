import { expect, test } from 'vitest';
import type { Finding } from '../../src/audit/finding.js';
import type { FindingsReport } from '../../src/report/findings-report.js';
import { findingsText } from '../../src/report/findings-text.js';
import { changed, required, stuckMember } from '../audit/facts.js';
import { answer, PROVENANCE, text, unitAnswer } from './answers.js';
import { plain } from './telling.js';

const long = (name: string) => `${name}_${'of_the_kernel_'.repeat(3)}end`;

const finding: Finding = {
  rule: 'missed-clone-caller',
  severity: 'error',
  subject: long('caller'),
  object: 'vmlinux',
  file: `drivers/a_folder/${long('file')}.c`,
  line: 1234,
  message: `${long('caller')} calls ${long('clone')}.isra.0, a clone that runs the changed ${long('f')}, and is not patched`,
  why: `${long('f')} -[isra]-> ${long('clone')}.isra.0 <-[called by]- ${long('caller')}`,
  remedy: `add ${long('caller')} to the livepatch: no function compiled from source can replace the clone`,
};

function report(more: Partial<FindingsReport> = {}): FindingsReport {
  const stuck = stuckMember(long('stuck'), { deadEnd: true });
  return {
    command: 'audit',
    build: 'b',
    provenance: PROVENANCE,
    rules: [],
    judged: { open: [finding], accepted: [], unused: [] },
    changed: [
      changed(long('f'), { answers: [answer(long('f'), [unitAnswer([stuck], { verdict: 'unpatchable' })])] }),
    ],
    required: [required(stuck)],
    references: [],
    livepatch: false,
    ...more,
  };
}

test.each([80, 120, 200])('lines fit %d columns, and break no name', (width) => {
  const acceptance = {
    rule: finding.rule,
    subject: finding.subject,
    reason: 'seen '.repeat(50),
    where: 'a:1',
  };
  const judged = { open: [finding], accepted: [{ finding, acceptance }], unused: [acceptance] };
  const said = text(findingsText(report({ judged }), plain({ width })));
  expect(said.split('\n').filter((line) => line.length > width)).toEqual([]);
  for (const word of `${finding.message} ${finding.why} ${finding.file}:1234 [${finding.rule}]`.split(' '))
    expect(said).toContain(word);
  expect(said).toContain('<-[called by]-');
});

test('a finding begins with how bad it is, its rule and its symbol', () => {
  const short = {
    ...finding,
    subject: 'f',
    file: 'mm/a.c',
    message: 'm',
    why: 'f -[inlined]-> g',
    remedy: 'r',
  };
  const judged = { open: [short], accepted: [], unused: [] };
  expect(text(findingsText(report({ judged, livepatch: true }), plain()))).toBe(
    `error [missed-clone-caller] vmlinux:f  mm/a.c:1234
  m
  why: f -[inlined]-> g
  do: r

not covered: 1 error
`,
  );
});
