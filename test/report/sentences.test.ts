import { describe, expect, test } from 'vitest';
import { MEMBER_CLASSES, type OpenEnd, type OpenReference, type Unknown } from '../../src/reach/answer.js';
import {
  classText,
  counted,
  counting,
  endText,
  idleText,
  openText,
  sourceOf,
  stuckText,
  unknownText,
  verdictText,
} from '../../src/report/sentences.js';
import { member, stuckMember } from '../audit/facts.js';

test.each([
  ['patch', 1, 0, 'replace 1 function'],
  ['patch', 2679, 0, 'replace 2,679 functions'],
  ['partial', 132, 2, 'replace these 132 functions; 2 functions keep the old code'],
  ['partial', 1, 1, 'replace this function; 1 function keeps the old code'],
  [
    'unpatchable',
    0,
    1,
    'cannot be livepatched: 1 function runs the code, and neither it nor what leads to it can be redirected',
  ],
  [
    'unpatchable',
    0,
    7,
    'cannot be livepatched: 7 functions run the code, and neither they nor what leads to them can be redirected',
  ],
  [
    'init-only',
    0,
    0,
    'nothing to replace: its code ran at init, and does not run again before the next boot or load',
  ],
  ['unused', 0, 0, 'nothing to replace: its code is only in functions that nothing calls'],
  ['gone-everywhere', 0, 0, 'nothing to replace: no object has its code'],
  ['unverified', 0, 0, 'not known: no object tells which of the functions exist'],
] as const)('%s, %d to replace and %d dead ends', (verdict, patch, deadEnds, said) => {
  expect(verdictText(verdict, { patch, deadEnds })).toBe(said);
});

test('no verdict says that 0 functions are to be replaced', () => {
  for (const verdict of ['unpatchable', 'init-only', 'discarded', 'unused', 'gone-everywhere'] as const) {
    expect(verdictText(verdict, { patch: 0, deadEnds: 1 })).not.toMatch(/\b0\b/);
  }
});

test.each([
  [{}, 'no ftrace site at its entry (notrace, noinstr, or built without tracing)'],
  [{ stuck: 'clone' }, 'a clone: no function compiled from source has its signature'],
  [
    { stuck: 'clone', binary: 'the vDSO' },
    'a clone: no function compiled from source has its signature; in the vDSO',
  ],
  [{ stuck: 'module-exit' }, 'exit code of a module, which runs when it is unloaded'],
  [{ stuck: 'out-of-reach', binary: 'the vDSO' }, 'in the vDSO: livepatch reaches vmlinux and modules only'],
  [
    { stuck: 'out-of-reach', binary: 'neither vmlinux nor a module' },
    'in neither vmlinux nor a module: livepatch reaches vmlinux and modules only',
  ],
] as const)('stuck: %j', (more, said) => {
  expect(stuckText(stuckMember('f', more))).toBe(said);
});

test('what is not stuck needs no reason', () => {
  expect(stuckText(member('f'))).toBe('');
});

const reference: OpenReference = { section: '', by: null, unit: null, object: null };
const address = (...references: readonly Partial<OpenReference>[]): OpenEnd => ({
  reason: 'address',
  references: references.map((more) => ({ ...reference, ...more })),
});

describe('an open end', () => {
  test('of an address: data by its section, code by its function', () => {
    const data = { section: '.rodata', unit: 'mm/b.c.000i.ipa-clones' };
    expect(openText(address(data))).toBe('its address is taken: in .rodata of mm/b.c');
    expect(openText(address({ ...data, by: 'take' }))).toBe('its address is taken: by take (mm/b.c)');
    expect(openText(address(data, data))).toBe('its address is taken: in .rodata of mm/b.c');
  });

  test('with as many references as are kept may have more', () => {
    const three = ['a', 'b', 'c'].map((by) => ({ by, unit: 'mm/b.c.000i.ipa-clones' }));
    expect(openText(address(...three))).toBe(
      'its address is taken: by a (mm/b.c), by b (mm/b.c), by c (mm/b.c) (perhaps elsewhere too)',
    );
  });

  test('of code without a dump', () => {
    const inVmlinux = { ...reference, section: '.text', object: 'vmlinux' };
    const calls = (...references: OpenEnd['references']) => openText({ reason: 'nodump-caller', references });
    expect(calls({ ...inVmlinux, by: 'ret_from_fork' })).toBe(
      'code without a dump calls it: ret_from_fork (vmlinux)',
    );
    expect(calls(inVmlinux)).toBe('code without a dump calls it: unnamed code in .text of vmlinux');
    expect(calls()).toBe('code without a dump calls it');
  });

  test('of callers that nobody read', () => {
    expect(openText({ reason: 'callers-unknown', references: [] })).toBe(
      'its callers are not known: the calls of some unit were not read',
    );
  });
});

test('why a dead end keeps the old code, without the places', () => {
  expect(endText(stuckMember('f', { open: [address({ section: '.data' })] }))).toBe('its address is taken');
  expect(endText(stuckMember('f', { binary: 'the vDSO' }))).toBe('runs in the vDSO');
  expect(endText(stuckMember('f'))).toBe('called only by functions that cannot be redirected either');
});

test('why nothing stands in for what does not run', () => {
  const idle = stuckMember('f', { live: false });
  expect(idleText(idle, [])).toBe('nothing calls it');
  expect(idleText(idle, [stuckMember('g', { live: false })])).toBe(
    'only code that nothing calls leads to it',
  );
  expect(idleText(idle, [member('setup', { class: 'init' })])).toBe('only init code calls it, which has run');
  expect(idleText({ ...idle, exported: true }, [])).toBe(
    'nothing in the build calls it; it is exported: only modules outside the build can',
  );
});

const about = { unit: 'mm/a.c.000i.ipa-clones', function: 'f' };

test.each<[string, Unknown, string]>([
  [
    'an open end',
    { ...about, code: 'open-end', open: address({ section: '.data', unit: about.unit }) },
    'f (mm/a.c): its address is taken: in .data of mm/a.c',
  ],
  [
    'no object',
    { ...about, function: '', code: 'unverified', object: 'missing' },
    'mm/a.c: no object beside its dump, so that nothing tells which functions exist',
  ],
  [
    'no linked object',
    { ...about, code: 'object-unknown' },
    'f (mm/a.c): not known whether it is in vmlinux or in a module: index the build with them',
  ],
  [
    'no symbol',
    { ...about, code: 'position-unknown', object: 'xfs' },
    'f (mm/a.c): its symbol in xfs was not found, so its position among equal names is not known',
  ],
  [
    'lost records',
    { ...about, function: '', code: 'incomplete-dump', file: 'a.dump', line: 2, problem: 'cut off', more: 1 },
    'mm/a.c: its dump lost records, each of which can be a copy: a.dump:2: cut off, and 1 more',
  ],
])('not known: %s', (_, unknown, said) => {
  expect(unknownText(unknown)).toBe(said);
});

test('every class has a text', () => {
  for (const of of MEMBER_CLASSES) expect(classText(of)).not.toBe('');
});

test.each([
  [0, '0', '0 units'],
  [1, '1', '1 unit'],
  [999, '999', '999 units'],
  [1000, '1,000', '1,000 units'],
  [1234567, '1,234,567', '1,234,567 units'],
])('%d', (count, number, units) => {
  expect(counted(count)).toBe(number);
  expect(counting(count, 'unit')).toBe(units);
});

test.each([
  ['mm/a.c.000i.ipa-clones', 'mm/a.c'],
  ['mm/a.c.081i.ipa-clones', 'mm/a.c'],
  ['vmlinux.ltrans0.ltrans.000i.ipa-clones', 'vmlinux.ltrans0.ltrans'],
  ['odd', 'odd'],
])('the source of %s', (unit, source) => {
  expect(sourceOf(unit)).toBe(source);
});
