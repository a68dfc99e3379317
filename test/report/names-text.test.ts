import { expect, test } from 'vitest';
import { namesNotes, namesText } from '../../src/report/names-text.js';
import { member, stuckMember, unit } from '../audit/facts.js';
import { answer, report, text, unitAnswer } from './answers.js';

const X = unit(2, 'x', 'xfs');
const one = answer('f', [
  unitAnswer([
    member('in_xfs', { unit: X }),
    member('host'),
    stuckMember('quiet', { deadEnd: true }),
    member('\u001b[2J'),
  ]),
]);
const other = answer('g', [unitAnswer([member('host'), member('host', { unit: X })])]);

test('a line a body, vmlinux first, however many answers have it', () => {
  expect(text(namesText([one, other], ['patch']))).toBe('\\u{1b}[2J\nhost\nin_xfs\nhost\n');
  expect(text(namesText([one], ['clone', 'blocked']))).toBe('quiet\n');
});

test('what the names do not say is noted', () => {
  const partial = { ...one, units: [unitAnswer(one.units[0]!.members, { verdict: 'partial' })] };
  const unknown = { unit: X.path, function: 'host', code: 'object-unknown' } as const;
  const incomplete = { ...other, units: [unitAnswer(other.units[0]!.members, { unknowns: [unknown] })] };
  expect([...namesNotes(report(partial, incomplete))]).toEqual([
    'f: replace these 3 functions; 1 function keeps the old code',
    'g: the answer is incomplete',
  ]);
  expect([...namesNotes({ ...report(one, partial), direction: 'inlined' })]).toEqual([]);
});
