import pico from 'picocolors';
import { describe, expect, test } from 'vitest';
import { CALL, type Member, type OpenEnd, type ReachAnswer, type Unknown } from '../../src/reach/answer.js';
import { reachText } from '../../src/report/reach-text.js';
import type { TextOptions } from '../../src/report/telling.js';
import { member, place, stuckMember, unit } from '../audit/facts.js';
import { answer, PROVENANCE, report, text, unitAnswer } from './answers.js';
import { plain } from './telling.js';

const said = (answers: ReachAnswer | readonly ReachAnswer[], more: Partial<TextOptions> = {}, why = false) =>
  text(reachText({ ...report(...[answers].flat()), why }, plain(more)));

const inlined = (from: number) => ({ step: { from, kind: 'inlining to', seq: 1 } });
const calls = (from: number) => ({ step: { from, kind: CALL, seq: null } });

const B = unit(2, 'b');
const X = unit(3, 'x', 'xfs');
const gone = member('f', { class: 'gone', places: [] });

const ADDRESS: OpenEnd = {
  reason: 'address',
  references: [{ section: '.rodata', by: null, unit: 'mm/b.c.000i.ipa-clones', object: null }],
};
const openEnd = (of: Member, open: OpenEnd): Unknown => ({
  unit: of.unit.path,
  function: of.name,
  code: 'open-end',
  open,
});

describe('what to replace', () => {
  test('comes first: object, function, sympos where it is needed, and where it is declared', () => {
    const second = place('vmlinux', { position: 2, total: 3 });
    const members = [
      gone,
      member('xfs_host', { unit: X, file: 'mm/x.c', line: 3, ...inlined(0) }),
      member('host', { line: 90, places: [second], ...inlined(0) }),
      member('early', { line: 10, ...inlined(0) }),
    ];
    expect(said(answer('f', [unitAnswer(members)]))).toBe(`f  mm/a.c:7
replace 3 functions

  vmlinux  early               mm/a.c:10
  vmlinux  host      sympos 2  mm/a.c:90
  xfs      xfs_host            mm/x.c:3

1 function has no code of its own (--all lists it)
`);
  });

  test('may be the function alone', () => {
    expect(said(answer('f', [unitAnswer([member('f')])]))).toBe(`f  mm/a.c:7
replace 1 function; its code is nowhere else

  vmlinux  f  mm/a.c:7
`);
  });

  test('is a line for each object that a body is linked to', () => {
    const both = member('f', { unit: unit(4, 'lib', 'one', 'two') });
    expect(said(answer('f', [unitAnswer([both])]))).toContain('  one  f  mm/a.c:7  in mm/lib.c\n  two  f');
  });

  test('has its unit where another file declares it, and the other names of its code', () => {
    const host = member('host', { file: 'include/h.h', line: 5, aliases: ['host_too'], ...inlined(0) });
    expect(
      said(answer('f', [unitAnswer([gone, host])]))
        .split('\n')
        .slice(3, 5),
    ).toEqual([
      '  vmlinux  host  include/h.h:5  in mm/a.c  also host_too',
      '  also: other names of the same code, which cannot be replaced alone',
    ]);
  });

  test('comes with its chain if asked for', () => {
    const members = [gone, stuckMember('m', { calledBy: [2], ...inlined(0) }), member('top', calls(1))];
    const lines = said(answer('f', [unitAnswer(members)]), {}, true).split('\n');
    expect(lines).toContain('        f -[inlined]-> m <-[called by]- top');
  });
});

describe('what cannot be redirected', () => {
  const members = [
    stuckMember('f', { calledBy: [1, 2] }),
    member('one', { line: 20, ...calls(0) }),
    stuckMember('g.isra.0', { class: 'clone', stuck: 'clone', calledBy: [3], line: 30, ...calls(0) }),
    member('two', { line: 40, ...calls(2) }),
  ];

  test('stands behind, each with what is replaced in its stead, and each reason once', () => {
    expect(said(answer('f', [unitAnswer(members)]))).toBe(`f  mm/a.c:7
replace 2 functions

  vmlinux  one  mm/a.c:20
  vmlinux  two  mm/a.c:40

2 functions cannot be redirected: what calls them is replaced instead
  a  f         mm/a.c:7
        instead: one, two
  b  g.isra.0  mm/a.c:30
        instead: two
  (a) no ftrace site at its entry (notrace, noinstr, or built without tracing)
  (b) a clone: no function compiled from source has its signature
`);
  });

  test('needs no letters for a reason that all share', () => {
    const alone = [stuckMember('f', { calledBy: [1] }), member('one', calls(0))];
    expect(said(answer('f', [unitAnswer(alone)]))).toContain(`
1 function cannot be redirected: what calls it is replaced instead
  no ftrace site at its entry (notrace, noinstr, or built without tracing)
  f  mm/a.c:7
        instead: one
`);
  });

  test('many stand-ins are counted, with --all they are not', () => {
    const places = Array.from({ length: 12 }, (_, at) => at);
    const many = [
      stuckMember('f', { calledBy: places.map((at) => at + 1) }),
      ...places.map((at) => member(`c${at}`, calls(0))),
      stuckMember('g', { calledBy: places.slice(0, 10).map((at) => at + 1) }),
    ];
    const one = answer('f', [unitAnswer(many)]);
    expect(said(one)).toContain('instead: all 12\n');
    expect(said(one)).toContain('instead: c0, c1, c2 and 7 more\n');
    expect(said(one, { all: true })).toContain('instead: c0, c1, c2, c3, c4, c5, c6, c7, c8, c9\n');
  });

  test('in a circle of calls ends', () => {
    const circle = [
      stuckMember('f', { calledBy: [1] }),
      stuckMember('g', { calledBy: [0, 2], ...calls(0) }),
      member('top', calls(1)),
    ];
    expect(said(answer('f', [unitAnswer(circle)])).match(/instead: top/g)).toHaveLength(2);
  });

  test('more than a hundred are counted by reason, with --all they are not', () => {
    const many = Array.from({ length: 101 }, (_, at) => stuckMember(`s${at}`, { calledBy: [101] }));
    const one = answer('s0', [unitAnswer([...many, member('top')])]);
    expect(said(one)).toContain(`
101 functions cannot be redirected: what calls them is replaced instead
  no ftrace site at its entry (notrace, noinstr, or built without tracing)
  101: s0, s1, s2 and 98 more
  --all lists them, each with its reason
`);
    expect(said(one, { all: true })).toContain('\n  s100  mm/a.c:7\n');
  });
});

describe('what keeps the old code', () => {
  const dead = stuckMember('show', { deadEnd: true, calledBy: [2], line: 20, ...calls(0) });
  const open = stuckMember('open', { deadEnd: true, open: [ADDRESS], line: 30, ...calls(1) });
  const members = [stuckMember('f', { calledBy: [1, 3] }), dead, open, member('top', calls(0))];
  const partial = answer('f', [
    unitAnswer(members, { verdict: 'partial', unknowns: [openEnd(open, ADDRESS)] }),
  ]);

  test('stands right behind the verdict, with the way that was tried', () => {
    expect(said(partial)).toBe(`f  mm/a.c:7
replace this function; 2 functions keep the old code

2 that keep the old code:
  no ftrace site at its entry (notrace, noinstr, or built without tracing)
  show  mm/a.c:20
        f <-[called by]- show
        called by open: see there
  open  mm/a.c:30
        f <-[called by]- show <-[called by]- open
        its address is taken: in .rodata of mm/b.c

  vmlinux  top  mm/a.c:7

1 function cannot be redirected: what calls it is replaced instead
  no ftrace site at its entry (notrace, noinstr, or built without tracing)
  f  mm/a.c:7
        instead: top

incomplete: not all that leads to those that keep the old code is known
`);
  });

  test('may be all that runs: it cannot be livepatched', () => {
    const only = stuckMember('f', { deadEnd: true, open: [ADDRESS] });
    const one = unitAnswer([only], { verdict: 'unpatchable', unknowns: [openEnd(only, ADDRESS)] });
    expect(said(answer('f', [one]))).toBe(`f  mm/a.c:7
cannot be livepatched: 1 function runs the code, and neither it nor what leads to it can be
  redirected

  no ftrace site at its entry (notrace, noinstr, or built without tracing)
  f  mm/a.c:7
        its address is taken: in .rodata of mm/b.c

incomplete: not all that leads to those that keep the old code is known
`);
  });

  test('where the callers were not read, what to do about it is said', () => {
    const only = stuckMember('f', {
      deadEnd: true,
      open: [{ reason: 'callers-unknown', references: [] }],
    });
    const told = said(answer('f', [unitAnswer([only], { verdict: 'unpatchable' })]));
    expect(told).toContain('can be\n  redirected, as far as calls were read\n');
    expect(told).toContain('index the build with its .ci files');
  });

  test('more than twenty are counted by reason', () => {
    const many = Array.from({ length: 21 }, (_, at) =>
      stuckMember(`s${at}`, { deadEnd: true, open: at < 14 ? [ADDRESS] : [] }),
    );
    const one = answer('s0', [unitAnswer(many, { verdict: 'unpatchable' })]);
    expect(said(one)).toContain(`
  no ftrace site at its entry (notrace, noinstr, or built without tracing)
  14 its address is taken: s0, s1, s2 and 11 more
  7 called only by functions that cannot be redirected either: s14, s15, s16, s17, s18, s19, s20
  --all lists them, each with its reason
`);
    expect(said(one, { all: true })).toContain('\n  s20  mm/a.c:7\n');
  });
});

describe('what needs no work', () => {
  test('init code: callers are marked, and what modules run again', () => {
    const members = [
      stuckMember('f', { calledBy: [1, 2, 3] }),
      member('top', calls(0)),
      member('setup', { class: 'init', ...calls(0) }),
      member('init_module', { unit: X, class: 'init', aliases: ['init_xfs_fs'], ...inlined(0) }),
    ];
    expect(said(answer('f', [unitAnswer(members)]))).toContain(`
2 functions are init code, which has run
  setup (a caller), init_module (init_xfs_fs)
  in modules, so that the old code runs again when they are loaded next: init_module (init_xfs_fs)
`);
  });

  test('weak definitions that lost', () => {
    const lost = member('lost', { class: 'discarded', places: [], ...inlined(0) });
    expect(said(answer('f', [unitAnswer([member('f'), lost])]))).toContain(`
1 weak definition lost to another and is not in the kernel
  lost (mm/a.c)
`);
  });

  test('what has no code is counted, and listed by --all', () => {
    const members = [gone, member('host', inlined(0)), member('part', { class: 'gone', ...inlined(0) })];
    const one = answer('f', [unitAnswer(members)]);
    expect(said(one)).toContain('\n2 functions have no code of their own (--all lists them)\n');
    expect(said(one, { all: true })).toContain(`
2 functions have no code of their own
  f     mm/a.c:7
  part  mm/a.c:7
`);
  });

  test.each([
    ['init-only', member('f', { class: 'init' }), 'init code, which has run\n  f\n'],
    ['unused', stuckMember('f', { live: false }), '1 function cannot be redirected, but needs no work'],
    ['unused', stuckMember('f', { live: false, exported: true }), 'it is exported'],
    ['gone-everywhere', gone, 'no object has its code'],
    ['discarded', member('f', { class: 'discarded', places: [] }), 'a weak definition that lost'],
  ] as const)('%s', (verdict, only, why) => {
    const told = said(answer('f', [unitAnswer([only], { verdict })]));
    expect(told).toMatch(/^f {2}mm\/a\.c:7\nnothing to replace: /);
    expect(told).toContain(why);
    expect(told).not.toContain('replace 0');
  });
});

describe('what is not known', () => {
  const unverified = member('f', { class: 'unverified', verified: false, places: [] });

  test('without an object: what may exist', () => {
    const clone = member('f.part.0', { class: 'unverified', verified: false, clone: true, places: [] });
    const one = unitAnswer([unverified, clone], {
      verdict: 'unverified',
      unknowns: [{ unit: unverified.unit.path, function: '', code: 'unverified', object: 'missing' }],
    });
    expect(said(answer('f', [one]))).toBe(`f  mm/a.c:7
not known: no object tells which of the functions exist

2 functions may exist: replace those that do
  vmlinux  f         mm/a.c:7
  vmlinux  f.part.0  mm/a.c:7
        a clone: what calls it has to be replaced instead

incomplete: not all that this rests on is known
  mm/a.c: no object beside its dump, so that nothing tells which functions exist
`);
  });

  test('is told once for all that share a reason', () => {
    const unknowns = ['f', 'g', 'g'].map((name): Unknown => {
      return { unit: unverified.unit.path, function: name, code: 'position-unknown', object: 'xfs' };
    });
    const told = said(answer('f', [unitAnswer([member('f')], { unknowns })]));
    expect(told).toContain('\n  f (mm/a.c), g (mm/a.c): its symbol in xfs was not found');
  });

  test('is announced before a long list', () => {
    const many = Array.from({ length: 41 }, (_, at) => member(`h${at}`));
    const unknowns: Unknown[] = [{ unit: many[0]!.unit.path, function: 'h0', code: 'object-unknown' }];
    const told = said(answer('f', [unitAnswer(many, { unknowns })]));
    expect(told.indexOf('the answer is incomplete')).toBeLessThan(told.indexOf('h0'));
    expect(told.indexOf('the answer is incomplete')).toBeGreaterThan(0);
  });

  test('of an end that something stands in for', () => {
    const open = stuckMember('f', { open: [ADDRESS], calledBy: [1] });
    const unknowns = [openEnd(open, ADDRESS)];
    expect(said(answer('f', [unitAnswer([open, member('top', calls(0))], { unknowns })]))).toContain(
      '\n  f (mm/a.c): its address is taken: in .rodata of mm/b.c\n',
    );
  });
});

describe('several units', () => {
  const inB = member('g', { unit: B, file: 'mm/b.c' });
  const dead = stuckMember('quiet', { unit: X, file: 'mm/x.c', deadEnd: true });

  test('have one list, each body once, and their verdicts counted', () => {
    const units = [
      unitAnswer([member('f'), inB]),
      unitAnswer([inB]),
      unitAnswer([dead], { verdict: 'unpatchable' }),
    ];
    expect(said(answer('f', units))).toContain(`f  mm/a.c:7
replace these 2 functions; 1 function keeps the old code
  3 units: 2 patch, 1 unpatchable
    unpatchable: mm/x.c

1 that keeps the old code:
`);
  });

  test.each([
    ['patch', 'unused', 'replace 1 function'],
    ['unused', 'unpatchable', 'cannot be livepatched'],
    ['unverified', 'unpatchable', 'not known'],
    ['gone-everywhere', 'init-only', 'nothing to replace: its code ran at init'],
  ] as const)('%s and %s', (one, other, headline) => {
    const only = one === 'patch' ? [member('f')] : [];
    const units = [unitAnswer(only, { verdict: one }), unitAnswer([], { verdict: other })];
    expect(said(answer('f', units)).split('\n')[1]).toContain(headline);
  });
});

describe('a long answer', () => {
  const many = (count: number) =>
    answer('f', [unitAnswer(Array.from({ length: count }, (_, at) => member(`h${at}`, { line: at })))]);

  test('begins with counts by object and folder', () => {
    expect(said(many(41))).toContain('\n\n  by object: vmlinux 41\n  by folder: mm 41\n\n  vmlinux  h0');
    expect(said(many(40))).not.toContain('by folder');
  });

  test('that nobody can make a livepatch of says so', () => {
    expect(said(many(101))).toContain('replacing 101 functions is no livepatch that anybody writes');
    expect(said(many(100))).not.toContain('nobody');
  });

  test('is made piece by piece', () => {
    let read = 0;
    for (const _ of reachText(report(many(100_000)), plain())) if (++read > 20) break;
    expect(read).toBe(21);
  });
});

test('--only lists what it says, and the verdict stays', () => {
  const members = [
    stuckMember('f', { calledBy: [1] }),
    member('top', calls(0)),
    member('setup', { class: 'init', ...calls(0) }),
  ];
  const one = answer('f', [unitAnswer(members)]);
  const only = (...classes: readonly Member['class'][]) => said(one, { only: new Set(classes) });
  expect(only('init')).toBe(`f  mm/a.c:7
replace 1 function

1 function is init code, which has run
  setup (a caller)
`);
  expect(only('patch')).toBe(`f  mm/a.c:7
replace 1 function

  vmlinux  top  mm/a.c:7
`);
});

describe('what was asked for', () => {
  test('one name that is several functions is kept apart, with how to ask for one', () => {
    const one = answer('f', [unitAnswer([member('f')])]);
    const other = answer('f', [unitAnswer([member('f', { unit: B, file: 'mm/b.c' })])], { file: 'mm/b.c' });
    expect(said([one, other])).toBe(`f is 2 functions, kept apart here; ask for one as f@mm/a.c

f  mm/a.c:7
replace 1 function; its code is nowhere else

  vmlinux  f  mm/a.c:7

f  mm/b.c:7
replace 1 function; its code is nowhere else

  vmlinux  f  mm/b.c:7
`);
  });

  test('a part of a function is answered as the function', () => {
    const one = answer('f', [unitAnswer([member('f')])], { fragmentOf: 'f' });
    const asked = { ...one, spec: { text: 'f.cold', name: 'f.cold' } };
    expect(said(asked)).toContain('  f.cold is a part of f, which is answered for it\n');
  });

  test('one that only an object knows', () => {
    const one = answer('f', [unitAnswer([member('f')])], { assumed: true, line: 0 });
    expect(said(one)).toMatch(/^f {2}mm\/a\.c\n {2}no dump or call graph declares it/);
  });

  test('the build is named where there are several', () => {
    const builds = ['b', 'c'].map((name) => ({ name, identity: name }));
    const two = {
      ...report(answer('f', [unitAnswer([member('f')])])),
      provenance: { ...PROVENANCE, builds },
    };
    expect(text(reachText(two, plain()))).toMatch(/^f {2}mm\/a\.c:7 {2}build b\n/);
  });
});

test('names cannot command the terminal, and colours are no part of them', () => {
  const evil = 'f\u001b[2J\u202e';
  const one = answer(evil, [unitAnswer([member(evil)])]);
  expect(said(one)).not.toMatch(/[^\n -~]/);
  expect(said(one)).toContain('f\\u{1b}[2J\\u{202e}');
  expect(said(one, { colours: pico.createColors(true) })).not.toContain('\u001b[2J');
});

test.each([80, 120, 200])('at %d columns no line is longer and no name is broken', (width) => {
  const names = Array.from({ length: 60 }, (_, at) => `function_${'x'.repeat((at * 7) % 50)}_${at}`);
  const members = [
    stuckMember('f', { calledBy: names.map((_, at) => at + 1) }),
    ...names.map((name, at) =>
      member(name, { file: `drivers/${'d'.repeat((at * 5) % 30)}/file.c`, line: at, ...calls(0) }),
    ),
  ];
  const told = said(answer('f', [unitAnswer(members)]), { width, all: true }, true);
  for (const line of told.split('\n')) expect(line.length).toBeLessThanOrEqual(width);
  for (const name of names) expect(told).toMatch(new RegExp(`\\b${name}\\b`));
});
