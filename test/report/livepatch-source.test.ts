import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/errors.js';
import type { ReachAnswer, Unknown } from '../../src/reach/answer.js';
import { type Export, klpSource, patchedFuncs } from '../../src/report/livepatch-source.js';
import { stuckText, unknownText, verdictText } from '../../src/report/sentences.js';
import { member, place, stuckMember, unit } from '../audit/facts.js';
import { hasGcc } from '../helpers/gcc.js';
import { buildDir } from '../helpers/workplace.js';
import { answer, report, text, unitAnswer } from './answers.js';

const FORMATS: readonly [string, typeof klpSource][] = [
  ['klp', klpSource],
  ['patched-funcs', patchedFuncs],
];

const klp = (each: boolean, ...answers: readonly ReachAnswer[]) => klpSource(report(...answers), { each });
const csv = (each: boolean, ...answers: readonly ReachAnswer[]) => patchedFuncs(report(...answers), { each });
const lines = ({ text: pieces }: Export) => (pieces === null ? [] : text(pieces).trimEnd().split('\n'));
const FROM = 'klp-reach 9.9.9, build "b" (identity cafe)';

const inXfs = unit(2, 'x', 'xfs');
const gone = member('f', { class: 'gone', places: [] });

/** `f` is in two functions of vmlinux and one of a module. */
const PLAIN = answer('f', [
  unitAnswer([
    gone,
    member('host'),
    member('another', { places: [place('vmlinux', { position: 2, total: 3 })] }),
  ]),
  unitAnswer([member('xfs_host', { unit: inXfs }), member('host')]),
]);

/** `f` is in a function that nothing can take the place of, too. */
const STUCK = stuckMember('quiet', { deadEnd: true });
const PARTIAL = answer('f', [unitAnswer([member('f'), STUCK], { verdict: 'partial' })]);
const UNPATCHABLE = answer('f', [unitAnswer([gone, STUCK], { verdict: 'unpatchable' })]);

describe('one function in one build', () => {
  test('C: vmlinux first, then modules, each by name', () => {
    const written = klp(false, PLAIN);
    expect(written).toMatchObject({ notes: [], leftOut: false });
    expect(text(written.text!)).toBe(`/* ${FROM} */
/* f (mm/a.c, build "b"): replace 3 functions (2 units patch) */
static struct klp_func vmlinux_funcs[] = {
	{ .old_name = "another", .new_func = klpp_another, .old_sympos = 2, },
	{ .old_name = "host", .new_func = klpp_host, },
	{ }
};

static struct klp_func xfs_funcs[] = {
	{ .old_name = "xfs_host", .new_func = klpp_xfs_host, },
	{ }
};

static struct klp_object objs[] = {
	{ .funcs = vmlinux_funcs, },
	{ .name = "xfs", .funcs = xfs_funcs, },
	{ }
};
`);
  });

  test('patched_funcs.csv: a line each, and where it comes from on standard error', () => {
    const written = csv(false, PLAIN);
    expect(lines(written)).toEqual([
      'vmlinux another,2 klpp_another',
      'vmlinux host klpp_host',
      'xfs xfs_host klpp_xfs_host',
    ]);
    expect(written).toMatchObject({ notes: [FROM], leftOut: false });
  });

  test('a body in several linked objects is written for each, its replacement once', () => {
    const inTwo = unit(2, 'x', 'ext2', 'ext3');
    expect(lines(csv(false, answer('f', [unitAnswer([member('f', { unit: inTwo })])])))).toEqual([
      'ext2 f klpp_f',
      'ext3 f klpp_f',
    ]);
  });

  test('what is replaced with it is said, as its code is the same', () => {
    const host = member('host', { unit: unit(2, 'x', 'ext2', 'ext3'), aliases: ['twin'], folded: ['equal'] });
    const shared = answer('f', [unitAnswer([host])]);
    const also = 'also twin, equal (folded): other names of the same code, which cannot be replaced alone';
    expect(lines(klp(false, shared))).toContain(
      `\t{ .old_name = "host", .new_func = klpp_host, }, /* ${also} */`,
    );
    expect(csv(false, shared).notes).toEqual([FROM, `host: ${also}`]);
  });

  test('functions of one name have replacements of their own', () => {
    const shows = [1, 2].map((position) =>
      unitAnswer([
        member('show', {
          unit: unit(position, `${position}`),
          places: [place('vmlinux', { position, total: 2 })],
        }),
      ]),
    );
    const inModule = unitAnswer([member('show', { unit: unit(3, 'x', 'xfs') })]);
    expect(lines(csv(false, answer('f', [...shows, inModule])))).toEqual([
      'vmlinux show,1 klpp_show',
      'vmlinux show,2 klpp_show_2',
      'xfs show klpp_show_3',
    ]);
  });
});

describe('more than one answer', () => {
  const one = answer('f', [unitAnswer([member('f')])]);
  const other = answer('f', [unitAnswer([member('f', { unit: unit(2, 'b') })])], { file: 'mm/b.c' });
  const older = answer('f', [unitAnswer([member('f', { unit: { ...unit(3, 'a'), build: 'old' } })])], {
    build: 'old',
  });
  const g = answer('g', [unitAnswer([member('g')])]);

  test.each<[string, ReachAnswer[], RegExp]>([
    [
      'functions of one name',
      [one, other],
      /^f is 2 functions: f@mm\/a\.c, f@mm\/b\.c; ask for one of them .*--each/,
    ],
    ['builds', [one, older], /^f is in 2 builds: b, old; choose one with --build, .*--each/],
    ['symbols', [one, g], /f and g .*--each/],
  ])('of %s is refused, with how to ask', (_, answers, message) => {
    for (const [, write] of FORMATS) {
      expect(() => write(report(...answers), { each: false })).toThrow(InputError);
      expect(() => write(report(...answers), { each: false })).toThrow(message);
    }
  });

  test('are written one by one if all are asked for, marked apart', () => {
    const written = klp(true, one, other);
    expect(written).toMatchObject({ notes: [], leftOut: false });
    expect(text(written.text!)).toBe(`/* ${FROM} */

/* f (mm/a.c, build "b"): replace 1 function */
static struct klp_func vmlinux_funcs[] = {
	{ .old_name = "f", .new_func = klpp_f, },
	{ }
};

static struct klp_object objs[] = {
	{ .funcs = vmlinux_funcs, },
	{ }
};

/* f (mm/b.c, build "b"): replace 1 function */
static struct klp_func vmlinux_funcs_2[] = {
	{ .old_name = "f", .new_func = klpp_f_2, },
	{ }
};

static struct klp_object objs_2[] = {
	{ .funcs = vmlinux_funcs_2, },
	{ }
};
`);
    expect(csv(true, one, older)).toMatchObject({
      text: ['vmlinux f klpp_f\n', 'vmlinux f klpp_f\n'],
      notes: [
        FROM,
        'line 1: f (mm/a.c, build "b"): replace 1 function',
        'line 2: f (mm/a.c, build "old"): replace 1 function',
      ],
      leftOut: false,
    });
  });

  test('of which one has nothing to write: the others are written, and it is said', () => {
    const written = csv(true, one, UNPATCHABLE);
    expect(lines(written)).toEqual(['vmlinux f klpp_f']);
    expect(written.leftOut).toBe(true);
    expect(written.notes[2]).toMatch(/^no line: f .*cannot be livepatched/);
    expect(lines(klp(true, one, UNPATCHABLE)).join('\n')).toMatch(/cannot be livepatched/);
  });
});

describe('what is left out', () => {
  test('a weak definition that lost is none to choose from, and is said', () => {
    const lost = answer('f', [unitAnswer([member('f', { class: 'discarded' })], { verdict: 'discarded' })], {
      file: 'mm/weak.c',
    });
    const live = answer('f', [unitAnswer([member('f')])]);
    const note = 'f of mm/weak.c is not meant: a weak definition that lost: its code is not in the kernel';
    for (const answers of [
      [lost, live],
      [live, lost],
    ]) {
      expect(klp(false, ...answers)).toMatchObject({ notes: [], leftOut: false });
      expect(lines(klp(false, ...answers)).slice(1, 3)).toEqual([
        '/* f (mm/a.c, build "b"): replace 1 function */',
        `/* ${note} */`,
      ]);
      expect(csv(false, ...answers)).toMatchObject({ notes: [FROM, note], leftOut: false });
    }
  });

  test('a function that only modules from outside the build can call is said', () => {
    const idle = stuckMember('f', { live: false, exported: true });
    const unused = answer('f', [unitAnswer([idle], { verdict: 'unused' })]);
    for (const [, write] of FORMATS) {
      const written = write(report(unused), { each: false });
      expect(written).toMatchObject({ text: null, leftOut: true });
      expect(written.notes[1]).toBe(
        'not replaced: f (mm/a.c): nothing in the build calls it; it is exported: only modules outside the build can',
      );
    }
  });

  test('of a partial answer the rest is written, each dead end is said', () => {
    const [source, list] = [klp(false, PARTIAL), csv(false, PARTIAL)];
    expect(lines(source).slice(1, 5)).toEqual([
      `/* f (mm/a.c, build "b"): ${verdictText('partial', { patch: 1, deadEnds: 1 })} */`,
      `/* keeps the old code: quiet (mm/a.c): ${stuckText(STUCK)} */`,
      'static struct klp_func vmlinux_funcs[] = {',
      '\t{ .old_name = "f", .new_func = klpp_f, },',
    ]);
    expect(source.leftOut).toBe(true);
    expect(source.notes).toEqual([
      `f (mm/a.c, build "b"): ${verdictText('partial', { patch: 1, deadEnds: 1 })}; the comments tell more`,
    ]);
    expect(lines(list)).toEqual(['vmlinux f klpp_f']);
    expect(list.leftOut).toBe(true);
    expect(list.notes[2]).toMatch(/^keeps the old code: quiet \(mm\/a\.c\)/);
  });

  test('of several units each unpatchable one is said', () => {
    const { notes, leftOut } = csv(
      false,
      answer('f', [
        unitAnswer([member('f')]),
        unitAnswer([stuckMember('f', { unit: inXfs, deadEnd: true })], { verdict: 'unpatchable' }),
      ]),
    );
    expect(leftOut).toBe(true);
    expect(notes).toContainEqual(expect.stringMatching(/^mm\/x\.c: cannot be livepatched: 1 function/));
    expect(notes[1]).toMatch(/\(1 unit patch, 1 unit unpatchable\)$/);
  });

  test.each(FORMATS)('%s: nothing is written where nothing can be replaced', (_, write) => {
    const written = write(report(UNPATCHABLE), { each: false });
    expect(written).toMatchObject({ text: null, leftOut: true });
    expect(written.notes[0]).toMatch(
      /^nothing is written for f \(mm\/a\.c, build "b"\): cannot be livepatched/,
    );
    expect(written.notes[1]).toMatch(/^keeps the old code: quiet/);
  });

  test.each(['init-only', 'discarded', 'unused', 'gone-everywhere', 'unverified'] as const)(
    'nor where the verdict is %s',
    (verdict) => {
      for (const [, write] of FORMATS) {
        const written = write(report(answer('f', [unitAnswer([gone], { verdict })])), { each: false });
        expect(written).toMatchObject({ text: null, leftOut: true });
        expect(written.notes).toHaveLength(1);
      }
    },
  );

  const open = { reason: 'address', references: [] } as const;
  test.each<Unknown>([
    { unit: 'mm/a.c', function: 'quiet', code: 'open-end', open },
    { unit: 'mm/a.c', function: '', code: 'unverified', object: 'missing' },
    { unit: 'mm/a.c', function: 'f', code: 'position-unknown', object: 'xfs' },
    {
      unit: 'mm/b.c',
      function: '',
      code: 'incomplete-dump',
      file: 'mm/b.c',
      line: 3,
      problem: 'cut',
      more: 0,
    },
  ])('what is not known ($code) is said once, and the rest written', (unknown) => {
    const units = [1, 2].map(() => unitAnswer([member('f')], { unknowns: [unknown] }));
    for (const [, write] of FORMATS)
      expect(write(report(answer('f', units)), { each: false }).leftOut).toBe(true);
    const said = lines(klp(false, answer('f', units))).filter((line) => line.startsWith('/* incomplete: '));
    expect(said).toHaveLength(1);
    expect(
      csv(false, answer('f', units)).notes.filter((note) => note.startsWith('incomplete: ')),
    ).toHaveLength(1);
  });

  test('an object or a position that is not known is written as such, and does not compile by mistake', () => {
    const nowhere = { ...unit(3, 'n'), images: [], image: null };
    const unplaced = member('lost', { unit: nowhere, places: [] });
    const unknowns = [{ unit: 'mm/n.c', function: 'lost', code: 'object-unknown' }] as const;
    const asked = answer('f', [
      unitAnswer([unplaced, member('half', { unit: inXfs, places: [] })], { unit: nowhere, unknowns }),
    ]);
    expect(lines(klp(false, asked)).filter((line) => /lost|half|\?|#/.test(line))).toEqual([
      `/* incomplete: ${unknownText(unknowns[0])} */`,
      '\t{ .old_name = "half", .new_func = klpp_half, }, /* position unknown */',
      '\t{ .old_name = "lost", .new_func = klpp_lost, }, /* position unknown */',
      '#error "the object of unknown_object_funcs is not known"',
      '\t{ .name = "?", .funcs = unknown_object_funcs, },',
    ]);
    expect(lines(csv(false, asked))).toEqual(['xfs half klpp_half', '? lost klpp_lost']);
    expect(csv(false, asked).leftOut).toBe(true);
  });
});

describe('names that are no identifiers of C', () => {
  const ODD = [
    'f.lto_priv.0',
    'f_lto_priv_0',
    '9lives',
    'say "x"\\',
    'two words',
    '\u202etxt',
    'a*/b',
    'line\nbreak',
  ];
  const odd = answer('f*/\n', [unitAnswer(ODD.map((name) => member(name)))], { file: 'mm/*/a.c' });

  test('are never written as one', () => {
    const functions = lines(klp(false, odd)).filter((line) => line.includes('.old_name'));
    expect(functions).toEqual([
      '\t{ .old_name = "9lives", .new_func = klpp_9lives, }, /* its name is no C identifier */',
      '\t{ .old_name = "a*/b", .new_func = klpp_a__b, }, /* its name is no C identifier */',
      '\t{ .old_name = "f.lto_priv.0", .new_func = klpp_f_lto_priv_0, }, /* its name is no C identifier */',
      '\t{ .old_name = "f_lto_priv_0", .new_func = klpp_f_lto_priv_0_2, },',
      '\t{ .old_name = "line\\012break", .new_func = klpp_line_break, }, /* its name is no C identifier */',
      '\t{ .old_name = "say \\"x\\"\\\\", .new_func = klpp_say__x__, }, /* its name is no C identifier */',
      '\t{ .old_name = "two words", .new_func = klpp_two_words, }, /* its name is no C identifier */',
      '\t{ .old_name = "\\342\\200\\256txt", .new_func = klpp__txt, }, /* its name is no C identifier */',
    ]);
  });

  test('are left out of a list that cannot hold them, and said', () => {
    const written = csv(false, odd);
    expect(lines(written)).toEqual([
      'vmlinux 9lives klpp_9lives',
      'vmlinux f.lto_priv.0 klpp_f_lto_priv_0',
      'vmlinux f_lto_priv_0 klpp_f_lto_priv_0_2',
    ]);
    expect(written.leftOut).toBe(true);
    expect(written.notes).toEqual([
      FROM,
      'no such list can hold the name a*/b',
      'no such list can hold the name line\\u{a}break',
      'no such list can hold the name say "x"\\',
      'no such list can hold the name two words',
      'no such list can hold the name \\u{202e}txt',
    ]);
  });

  test.skipIf(!hasGcc())('and it compiles', () => {
    const source = text(klp(true, odd, PLAIN, PARTIAL).text!);
    const declared = [...new Set(source.match(/klpp_\w+/g))].map((name) => `int ${name}(void);`);
    const directory = buildDir({
      'lp.c': `#define NULL ((void *)0)
        struct klp_func { const char *old_name; void *new_func; unsigned long old_sympos; };
        struct klp_object { const char *name; struct klp_func *funcs; };
        ${declared.join('\n')}
        ${source}
        struct klp_object *used[] = { objs, objs_2, objs_3 };\n`,
    });
    execFileSync('gcc', ['-std=gnu11', '-fsyntax-only', '-Wall', '-Werror', join(directory, 'lp.c')]);
  });
});
