import { describe, expect, test } from 'vitest';
import type { Caller, CallersAnswer } from '../../src/reach/callers.js';
import { callersCsv, callersJson } from '../../src/report/callers-data.js';
import { member, place, stuckMember, unit } from '../audit/facts.js';
import { readCsv } from '../cli/csv.js';
import { answer, PROVENANCE, text, unitAnswer } from './answers.js';

/** `f` is stuck; `quiet`, which is stuck too, and `loud` call it; `top` calls `quiet`. */
const inB = unit(2, 'b', 'xfs');
const top = member('top', { unit: inB, places: [place('xfs', { position: 3, total: 4 })] });
const loud = member('loud');
const CALLERS: readonly Caller[] = [
  { member: loud, calls: 2, inPatchSet: true, standIns: [] },
  { member: stuckMember('quiet'), calls: 1, inPatchSet: true, standIns: [top] },
];
const units = [
  unitAnswer([stuckMember('f'), loud, stuckMember('quiet'), top]),
  unitAnswer([member('f', { unit: inB })]),
];
const reach = answer('f', units);

/** What `entry`, which is assembly, calls as well. */
const ENTRY = { section: '.text', by: 'entry', unit: null, object: 'vmlinux' };
const OTHERS = { nodump: [], known: true };

const report = (callers: CallersAnswer['callers']) => ({
  mode: 'ordered' as const,
  answers: [{ reach, callers, others: callers.map(() => OTHERS) }],
  provenance: PROVENANCE,
});

describe('JSON', () => {
  const said = JSON.parse(text(callersJson(report([CALLERS, []]))));
  const [first, second] = said.answers[0].units;
  const replaced = {
    unit: 'mm/b.c.000i.ipa-clones',
    name: 'top',
    places: [
      {
        object: 'xfs',
        address: 'ffffffff81000000',
        size: 16,
        sympos: 3,
        position: 3,
        total: 4,
        section: '.text',
        traceable: true,
      },
    ],
  };

  test('the document', () => {
    expect(said).toMatchObject({
      format: 'klp-reach/callers',
      version: 2,
      provenance: PROVENANCE,
      complete: true,
    });
    expect(said.answers[0]).toMatchObject({ symbol: 'f', verdicts: { patch: 2 } });
    expect(second).toMatchObject({ unit: 'mm/b.c.000i.ipa-clones', callers: [] });
  });

  test('callers, each with what is replaced in its stead', () => {
    expect(first.callers).toMatchObject([
      { name: 'loud', class: 'patch', stuck: null, calls: 2, inPatchSet: true, standIns: [] },
      { name: 'quiet', class: 'blocked', stuck: 'no-site', calls: 1, inPatchSet: true, standIns: [replaced] },
    ]);
  });

  test('what `affected` replaces', () => {
    expect(first.toPatch.map(({ name }: { name: string }) => name)).toEqual(['loud', 'top']);
    expect(first.toPatch[1]).toEqual(replaced);
  });
});

test('CSV: a row a caller, and an empty function where nothing calls it', () => {
  const rows = readCsv(text(callersCsv(report([CALLERS, []]))));
  expect(rows).toMatchObject([
    {
      unit: 'mm/a.c.000i.ipa-clones',
      function: 'loud',
      class: 'patch',
      calls: '2',
      in_patch_set: '1',
      stand_ins: '',
    },
    {
      unit: 'mm/a.c.000i.ipa-clones',
      function: 'quiet',
      class: 'blocked',
      stuck: 'no-site',
      calls: '1',
      in_patch_set: '1',
      stand_ins: 'top@mm/b.c',
    },
    {
      unit: 'mm/b.c.000i.ipa-clones',
      function: '',
      class: '',
      calls: '',
      in_patch_set: '',
      stand_ins: '',
      version: '9.9.9',
      identity: 'cafe',
    },
  ]);
});

test('code without a dump that calls it, and whether all calls were read', () => {
  const others = [
    { nodump: [ENTRY], known: false },
    { nodump: [ENTRY], known: true },
  ];
  const told = { ...report([]), answers: [{ reach, callers: [CALLERS, []], others }] };
  expect(JSON.parse(text(callersJson(told))).answers[0].units).toMatchObject([
    { callersKnown: false, nodumpCallers: [ENTRY] },
    { callersKnown: true, callers: [], nodumpCallers: [ENTRY] },
  ]);
  const entry = { class: 'nodump-caller', function: 'entry', object: 'vmlinux', calls: '' };
  expect(readCsv(text(callersCsv(told)))).toMatchObject([
    { function: 'loud', callers_known: '0' },
    { function: 'quiet', callers_known: '0' },
    { ...entry, callers_known: '0' },
    { ...entry, callers_known: '1' },
  ]);
});
