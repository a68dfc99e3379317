import { describe, expect, test } from 'vitest';
import { CALL, type Member, type ReachAnswer } from '../../src/reach/answer.js';
import { reachJson } from '../../src/report/reach-json.js';
import { member, place, stuckMember, unit } from '../audit/facts.js';
import { answer, report, text, unitAnswer } from './answers.js';

const read = (...answers: ReachAnswer[]) => JSON.parse(text(reachJson(report(...answers))));

/** `f`'s code is in `f.isra.0`, which `caller` calls; its address is taken. */
const MEMBERS: readonly Member[] = [
  member('f', { class: 'gone', places: [], file: '', line: 0 }),
  stuckMember('f.isra.0', {
    class: 'clone',
    stuck: 'clone',
    clone: true,
    calledBy: [2],
    open: [{ reason: 'address', references: [{ section: '.data', by: null, unit: 'mm/b.c', object: null }] }],
    step: { from: 0, kind: 'isra', seq: 3 },
  }),
  member('caller', {
    unit: unit(2, 'b', 'vmlinux', 'xfs'),
    aliases: ['twin'],
    folded: [],
    symbol: { section: '.text', sectionIndex: 1, value: 32, size: 16, binding: 'global', traceable: true },
    places: [place('vmlinux', { position: 2, total: 3 }), place('xfs')],
    step: { from: 1, kind: CALL, seq: null },
  }),
];

test('a document', () => {
  const open = {
    reason: 'address',
    references: [{ section: '.data', by: null, unit: 'mm/b.c', object: null }],
  };
  const unknown = { unit: 'mm/a.c', function: 'f.isra.0', code: 'open-end', open };
  const unknowns = [{ ...unknown, code: 'open-end', open: MEMBERS[1]!.open[0]! }] as const;
  const nothing = {
    stuck: null,
    binary: null,
    live: false,
    exported: false,
    deadEnd: false,
    open: [],
    calledBy: [],
  };
  const where = { size: 16, address: 'ffffffff81000000', section: '.text', traceable: true };
  expect(read(answer('f', [unitAnswer(MEMBERS, { unknowns })]))).toEqual({
    format: 'klp-reach/affected',
    version: 2,
    provenance: { version: '9.9.9', builds: [{ name: 'b', identity: 'cafe' }] },
    mode: 'ordered',
    complete: false,
    answers: [
      {
        symbol: 'f',
        name: 'f',
        fragmentOf: null,
        build: 'b',
        file: 'mm/a.c',
        line: 7,
        fileAssumed: false,
        complete: false,
        verdicts: { patch: 1 },
        counts: { patch: 1, clone: 1, blocked: 0, init: 0, discarded: 0, unverified: 0, gone: 1 },
        units: [
          {
            unit: 'mm/a.c.000i.ipa-clones',
            source: 'mm/a.c',
            objects: ['vmlinux'],
            dumpComplete: true,
            objectFile: 'read',
            calls: 'ci',
            verdict: 'patch',
            complete: false,
            unknowns: [unknown],
            members: [
              {
                ...nothing,
                unit: 'mm/a.c.000i.ipa-clones',
                name: 'f',
                class: 'gone',
                file: null,
                line: null,
                clone: false,
                verified: true,
                aliases: [],
                folded: [],
                symbol: null,
                places: [],
                caller: false,
                via: null,
              },
              {
                unit: 'mm/a.c.000i.ipa-clones',
                name: 'f.isra.0',
                class: 'clone',
                file: 'mm/a.c',
                line: 7,
                clone: true,
                verified: true,
                stuck: 'clone',
                binary: null,
                live: true,
                exported: false,
                deadEnd: false,
                open: [open],
                calledBy: [2],
                aliases: [],
                folded: [],
                symbol: null,
                places: [{ ...where, object: 'vmlinux', sympos: 0, position: 1, total: 1 }],
                caller: false,
                via: { from: 0, kind: 'isra', seq: 3 },
              },
              {
                ...nothing,
                unit: 'mm/b.c.000i.ipa-clones',
                name: 'caller',
                class: 'patch',
                file: 'mm/a.c',
                line: 7,
                clone: false,
                verified: true,
                aliases: ['twin'],
                folded: [],
                symbol: { section: '.text', binding: 'global', size: 16, traceable: true },
                places: [
                  { ...where, object: 'vmlinux', sympos: 2, position: 2, total: 3 },
                  { ...where, object: 'xfs', sympos: 0, position: 1, total: 1 },
                ],
                caller: true,
                via: { from: 1, kind: 'call', seq: null },
              },
            ],
          },
        ],
      },
    ],
  });
});

describe('an answer of several units', () => {
  const inB = unit(2, 'b');
  const shared = member('shared');
  const units = [
    unitAnswer([member('f'), shared]),
    unitAnswer([member('f', { unit: inB }), shared], { unit: inB }),
    unitAnswer([stuckMember('f', { unit: unit(3, 'c'), deadEnd: true })], { verdict: 'unpatchable' }),
  ];

  test('counts a member of two units once, and units by verdict', () => {
    const [said] = read(answer('f', units)).answers;
    expect(said.counts).toMatchObject({ patch: 3, blocked: 1 });
    expect(said.verdicts).toEqual({ patch: 2, unpatchable: 1 });
  });

  test('is complete if all are, and the document if all answers are', () => {
    const lost = unitAnswer([member('f')], {
      unknowns: [{ unit: 'mm/a.c', function: 'f', code: 'object-unknown' }],
    });
    const said = read(answer('f', units), answer('g', [...units, lost]));
    expect(said.answers.map(({ complete }: { complete: boolean }) => complete)).toEqual([true, false]);
    expect(said.complete).toBe(false);
    expect(read(answer('f', units)).complete).toBe(true);
  });
});

test('every kind of unknown is written with its code and data', () => {
  const unknowns = [
    { unit: 'u', function: '', code: 'unverified', object: 'missing' },
    { unit: 'u', function: 'f', code: 'object-unknown' },
    { unit: 'u', function: 'f', code: 'position-unknown', object: 'xfs' },
    { unit: 'u', function: '', code: 'incomplete-dump', file: 'u', line: 3, problem: 'cut', more: 2 },
  ] as const;
  const said = read(answer('f', [unitAnswer([member('f')], { unknowns })]));
  expect(said.answers[0].units[0].unknowns).toEqual(unknowns);
});

test('is written in pieces, however many members there are', () => {
  const members = Array.from({ length: 20_000 }, () => MEMBERS[1]!);
  let longest = 0;
  let pieces = 0;
  for (const piece of reachJson(report(answer('f', [unitAnswer(members)])))) {
    longest = Math.max(longest, piece.length);
    pieces++;
  }
  expect(longest).toBeLessThan(2000);
  expect(pieces).toBeGreaterThan(20_000);
});
