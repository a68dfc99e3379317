import { expect, test } from 'vitest';
import { CALL } from '../../src/reach/answer.js';
import { reachCsv } from '../../src/report/reach-csv.js';
import { member, place, stuckMember, unit } from '../audit/facts.js';
import { readCsv } from '../cli/csv.js';
import { answer, report, text, unitAnswer } from './answers.js';

test('a row a member, to replace first', () => {
  const members = [
    member('f', { class: 'gone', places: [] }),
    stuckMember('f.isra.0', {
      class: 'clone',
      stuck: 'clone',
      clone: true,
      deadEnd: true,
      open: [
        { reason: 'address', references: [] },
        { reason: 'callers-unknown', references: [] },
      ],
      step: { from: 0, kind: 'isra', seq: 3 },
    }),
    member('caller', {
      unit: unit(2, 'b', 'xfs'),
      aliases: ['one', 'two'],
      folded: ['equal'],
      places: [place('xfs', { position: 2, total: 2, address: '0000000000000040' })],
      step: { from: 1, kind: CALL, seq: null },
    }),
  ];
  const unknowns = [
    { unit: 'mm/a.c', function: 'f.isra.0', code: 'open-end', open: { reason: 'address', references: [] } },
    {
      unit: 'mm/a.c',
      function: 'f.isra.0',
      code: 'open-end',
      open: { reason: 'callers-unknown', references: [] },
    },
    { unit: 'mm/a.c', function: '', code: 'unverified', object: 'missing' },
  ] as const;
  const csv = text(reachCsv(report(answer('f', [unitAnswer(members, { verdict: 'partial', unknowns })]))));
  expect(
    csv.split('\r\n').map((line) =>
      line
        .split(',')
        .map((cell) => cell || '-')
        .join(' '),
    ),
  ).toEqual([
    'symbol declared_in build unit verdict complete object member_unit class function sympos address file line clone verified stuck binary live exported dead_end open aliases folded caller why unknowns version identity',
    'f mm/a.c b mm/a.c.000i.ipa-clones partial 0 xfs mm/b.c.000i.ipa-clones patch caller 2 0000000000000040 mm/a.c 7 0 1 - - 0 0 0 - one two equal 1 f -[isra]-> f.isra.0 <-[called by]- caller open-end unverified 9.9.9 cafe',
    'f mm/a.c b mm/a.c.000i.ipa-clones partial 0 vmlinux mm/a.c.000i.ipa-clones clone f.isra.0 0 ffffffff81000000 mm/a.c 7 1 1 clone - 1 0 1 address callers-unknown - - 0 f -[isra]-> f.isra.0 open-end unverified 9.9.9 cafe',
    'f mm/a.c b mm/a.c.000i.ipa-clones partial 0 vmlinux mm/a.c.000i.ipa-clones gone f - - mm/a.c 7 0 1 - - 0 0 0 - - - 0 f open-end unverified 9.9.9 cafe',
    '-',
  ]);
});

test('the places of a body in several objects stand in the order of the objects', () => {
  const inThree = unit(2, 'b', 'ext2', 'ext3', 'ext4');
  const places = [place('ext2', { position: 2, total: 2 }), place('ext4')];
  const csv = text(reachCsv(report(answer('f', [unitAnswer([member('f', { unit: inThree, places })])]))));
  const [row] = readCsv(csv);
  expect(row).toMatchObject({
    object: 'ext2 ext4 ext3',
    sympos: '2 0 ?',
    address: 'ffffffff81000000 ffffffff81000000 ?',
  });
});

test('a unit without members is a row with an empty function', () => {
  const rows = readCsv(text(reachCsv(report(answer('f', [unitAnswer([], { verdict: 'gone-everywhere' })])))));
  expect(rows).toHaveLength(1);
  expect(rows[0]).toMatchObject({
    symbol: 'f',
    verdict: 'gone-everywhere',
    function: '',
    class: '',
    unknowns: '',
  });
});

test('a name that a spreadsheet would run is made harmless', () => {
  const [row] = readCsv(text(reachCsv(report(answer('f', [unitAnswer([member('=cmd()')])])))));
  expect(row!['function']).toBe("'=cmd()");
});
