import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { applyRules } from '../../src/audit/apply-rules.js';
import { AUDIT_RULES } from '../../src/audit/audit-rules.js';
import type { AuditFacts } from '../../src/audit/facts.js';
import type { Unknown } from '../../src/reach/answer.js';
import {
  caller,
  changed,
  facts,
  host,
  member,
  place,
  required,
  stuckMember,
  symbol,
  target,
  targetWithout,
  unit,
} from './facts.js';

/** `severity rule subject` of all that is found. */
const found = (more: Partial<AuditFacts>) =>
  applyRules(AUDIT_RULES, facts(more)).map(({ severity, rule, subject }) => `${severity} ${rule} ${subject}`);
const remedies = (more: Partial<AuditFacts>) =>
  applyRules(AUDIT_RULES, facts(more)).map(({ remedy }) => remedy);

interface Case {
  readonly fires: Partial<AuditFacts>;
  readonly finding: string;
  /** The nearest case in which no rule says anything. */
  readonly quiet: Partial<AuditFacts>;
}

const two = [
  symbol('s', { position: 1, total: 2 }),
  symbol('s', { position: 2, total: 2, unit: 2, source: 'mm/b.c' }),
];
const [ofA, ofB] = two as [(typeof two)[0], (typeof two)[0]];
const answered = { answers: [{} as AuditFacts['changed'][number]['answers'][number]] };
const clone = stuckMember('f.isra.0', { class: 'clone', stuck: 'clone', clone: true });
const quiet = stuckMember('quiet');
const openEnd = { reason: 'address', references: [] } as const;
const inModule = unit(1, 'a', 'xfs');
const inTwo = unit(1, 'a', 'ext2', 'xfs');

/** The only symbol of a name in a module. */
const moduleTarget = (object: string, name: string, section = '.text') =>
  target(name, { object, symbol: symbol(name, { object, section }) });

const CASES: Readonly<Record<string, Case>> = {
  'missed-copy: a host that is not patched': {
    fires: { required: [host('host')], targets: [] },
    finding: 'error missed-copy host',
    quiet: { required: [host('host')], targets: [target('host')] },
  },
  'missed-copy: the changed function itself': {
    fires: { required: [required(member('f'))], targets: [] },
    finding: 'error missed-copy f',
    quiet: { required: [required(member('f'))] },
  },
  'missed-copy: a name of another body is no cover, an alias is': {
    fires: { required: [host('host', { class: 'unverified', verified: false })], targets: [target('other')] },
    finding: 'error missed-copy host',
    quiet: {
      required: [host('host', { class: 'unverified', verified: false, aliases: ['other'] })],
      targets: [target('other')],
    },
  },
  'other-kernel: another release': {
    fires: {
      kernel: { vermagic: '6.1 SMP ' },
      livepatchKernels: [{ file: 'a/lp.ko', abi: '62-64-le', vermagic: '5.16 SMP ' }],
    },
    finding: 'error other-kernel lp.ko',
    quiet: {
      kernel: { vermagic: '6.1 SMP ' },
      livepatchKernels: [{ file: 'a/lp.ko', abi: '62-64-le', vermagic: '6.1 SMP' }],
    },
  },
  'other-kernel: another release than the one of vmlinux, which is all that is known': {
    fires: {
      kernel: { release: '6.1' },
      livepatchKernels: [{ file: 'lp.ko', abi: '62-64-le', vermagic: '6.1.2 SMP ' }],
    },
    finding: 'error other-kernel lp.ko',
    quiet: {
      kernel: { release: '6.1' },
      livepatchKernels: [{ file: 'lp.ko', abi: '62-64-le', vermagic: '6.1 SMP ' }],
    },
  },
  'other-kernel: another machine': {
    fires: { kernel: { abi: '62-64-le' }, livepatchKernels: [{ file: 'lp.ko', abi: '22-64-be' }] },
    finding: 'error other-kernel lp.ko',
    quiet: { kernel: {}, livepatchKernels: [{ file: 'lp.ko', abi: '22-64-be' }] },
  },
  'conditional-target: the only one that covers': {
    fires: { required: [required(member('f'))], targets: [target('f', { condition: 'X' })] },
    finding: 'error conditional-target f',
    quiet: { required: [required(member('f'))], targets: [target('f')] },
  },
  'conditional-target: besides another one': {
    fires: { required: [required(member('f'))], targets: [target('f', { condition: 'X' }), target('f')] },
    finding: 'warning conditional-target f',
    quiet: { required: [required(member('f'))], targets: [target('f')] },
  },
  'switched-off-target': {
    fires: { switchedOff: [{ object: 'vmlinux', name: 'f', condition: 'X', where: 'lp.c:3' }] },
    finding: 'note switched-off-target f',
    quiet: {},
  },
  'missed-copy: of two functions of one name, the other is patched': {
    fires: {
      required: [required(member('s')), required(member('s', { unit: unit(2, 'b') }))],
      targets: [target('s', { candidates: two, symbol: ofA, sympos: 1 })],
    },
    finding: 'error missed-copy s',
    quiet: {
      required: [required(member('s')), required(member('s', { unit: unit(2, 'b') }))],
      targets: [
        target('s', { candidates: two, symbol: ofA, sympos: 1 }),
        target('s', { candidates: two, symbol: ofB, sympos: 2 }),
      ],
    },
  },
  'missed-copy: assembly of the same name is no cover; a table tells no units': {
    fires: {
      required: [required(member('f', { unit: inModule }))],
      targets: [target('f', { object: 'xfs', symbol: symbol('f', { object: 'xfs', unit: null }) })],
    },
    finding: 'error missed-copy f',
    quiet: {
      required: [required(member('f', { unit: inModule }))],
      targets: [
        target('f', { object: 'xfs', symbol: symbol('f', { object: 'xfs', unit: null, traceable: null }) }),
      ],
    },
  },
  'missed-copy: a body of two modules is patched in one': {
    fires: {
      imagesKnown: new Set(['ext2', 'xfs']),
      required: [required(member('f', { unit: inTwo }))],
      targets: [moduleTarget('ext2', 'f')],
    },
    finding: 'error missed-copy f',
    quiet: {
      imagesKnown: new Set(['ext2', 'xfs']),
      required: [required(member('f', { unit: inTwo }))],
      targets: [moduleTarget('ext2', 'f'), moduleTarget('xfs', 'f')],
    },
  },
  'missed-clone-caller': {
    fires: { required: [required(clone), caller('one', clone)], targets: [] },
    finding: 'error missed-clone-caller one',
    // The clone itself is never demanded.
    quiet: { required: [required(clone), caller('one', clone)], targets: [target('one')] },
  },
  'missed-caller': {
    fires: {
      required: [required(quiet), caller('one', quiet), caller('two', quiet)],
      targets: [target('one')],
    },
    finding: 'error missed-caller two',
    quiet: { required: [required(quiet), caller('one', quiet)], targets: [target('one')] },
  },
  'missed-caller: callers that cannot be redirected either are not demanded': {
    fires: { required: [required(quiet), caller('one', quiet)], targets: [] },
    finding: 'error missed-caller one',
    quiet: {
      required: [required(quiet), required(stuckMember('louder'), { callee: quiet })],
      targets: [],
    },
  },
  'cannot-be-livepatched': {
    fires: { required: [required(stuckMember('quiet', { deadEnd: true, open: [openEnd] }))] },
    finding: 'error cannot-be-livepatched quiet',
    quiet: { required: [required(quiet)] },
  },
  'cannot-be-livepatched: code that is gone, discarded or not run is no hole': {
    fires: {
      required: [
        required(
          stuckMember('vget', { stuck: 'out-of-reach', binary: 'the vDSO', deadEnd: true, places: [] }),
        ),
      ],
      targets: [],
    },
    finding: 'error cannot-be-livepatched vget',
    quiet: { required: [required(stuckMember('idle', { live: false }))], targets: [] },
  },
  'idle-copy: exported': {
    fires: { required: [required(stuckMember('idle', { live: false, exported: true }))] },
    finding: 'note idle-copy idle',
    quiet: { required: [required(stuckMember('idle', { live: false }))] },
  },
  'idle-copy: init code of a module runs again': {
    fires: { required: [host('setup', { class: 'init', unit: inModule })] },
    finding: 'note idle-copy setup',
    // That of vmlinux has run.
    quiet: { required: [host('setup', { class: 'init' })] },
  },
  'target-absent: no such name': {
    fires: { targets: [targetWithout('nope')] },
    finding: 'error target-absent nope',
    quiet: { targets: [target('nope')] },
  },
  'target-absent: inlined away': {
    fires: { targets: [targetWithout('f', { fate: { hosts: ['host'], clones: [], isClone: false } })] },
    finding: 'error target-absent f',
    quiet: { targets: [target('f', { fate: { hosts: ['host'], clones: [], isClone: false } })] },
  },
  'target-absent: in another binary': {
    fires: {
      targets: [targetWithout('f', { fate: { hosts: [], clones: [], isClone: false, binary: 'the vDSO' } })],
    },
    finding: 'error target-absent f',
    quiet: { targets: [target('f', { member: member('f') })] },
  },
  'wrong-object': {
    fires: { targets: [targetWithout('g', { elsewhere: [symbol('g', { object: 'xfs' })] })] },
    finding: 'error wrong-object g',
    quiet: { targets: [target('g', { elsewhere: [symbol('g', { object: 'xfs' })] })] },
  },
  'target-ambiguous': {
    fires: { targets: [targetWithout('s', { candidates: two })] },
    finding: 'error target-ambiguous s',
    quiet: { targets: [target('s', { candidates: two, symbol: ofB, sympos: 2 })] },
  },
  'wrong-sympos: past the end': {
    fires: { targets: [targetWithout('s', { candidates: two, sympos: 3 })] },
    finding: 'error wrong-sympos s',
    quiet: { targets: [target('s', { candidates: two, symbol: ofA, sympos: 1 })] },
  },
  'target-is-clone': {
    fires: { targets: [target('f.isra.0', { member: clone })] },
    finding: 'error target-is-clone f.isra.0',
    // A body that has another name is that function.
    quiet: { targets: [target('f.isra.0', { member: member('g', { aliases: ['f.isra.0'] }) })] },
  },
  'target-is-clone: by its name, where no unit is known': {
    fires: { targets: [targetWithout('f.isra.0', { fate: { hosts: [], clones: [], isClone: true } })] },
    finding: 'error target-is-clone f.isra.0',
    quiet: { targets: [target('f', { fate: { hosts: [], clones: ['f.isra.0'], isClone: false } })] },
  },
  'target-in-init': {
    fires: { targets: [target('setup', { member: member('setup', { class: 'init' }) })] },
    finding: 'error target-in-init setup',
    // A section does not tell: the linked object does.
    quiet: {
      targets: [
        target('setup', { member: member('setup'), symbol: symbol('setup', { section: '.init.text' }) }),
      ],
    },
  },
  'target-in-init: of no unit': {
    fires: { targets: [target('setup', { symbol: symbol('setup', { unit: null, lifetime: 'init' }) })] },
    finding: 'error target-in-init setup',
    quiet: { targets: [target('setup', { symbol: symbol('setup', { unit: null }) })] },
  },
  'target-in-init: exit code of a module': {
    fires: {
      targets: [
        { ...moduleTarget('xfs', 'bye', '.exit.text'), member: stuckMember('bye', { stuck: 'module-exit' }) },
      ],
    },
    finding: 'error target-in-init bye',
    quiet: { targets: [moduleTarget('xfs', 'bye')] },
  },
  'target-not-traceable': {
    fires: {
      changed: [changed('f', answered)],
      targets: [target('quiet', { symbol: symbol('quiet', { traceable: false }) })],
    },
    finding: 'error target-not-traceable quiet',
    // Where nothing tells, nothing is said.
    quiet: { targets: [target('quiet', { symbol: symbol('quiet', { traceable: null }) })] },
  },
  'untraceable-change': {
    fires: { untraceable: [{ file: 'mm/a.c', line: 3, kind: 'macro', name: 'LIMIT', users: ['f'] }] },
    finding: 'warning untraceable-change LIMIT',
    quiet: { untraceable: [] },
  },
  'not-built': {
    fires: { changed: [changed('f')] },
    finding: 'warning not-built f',
    quiet: { changed: [changed('f', answered), changed('g', { unmentionedBy: ['mm/a.c'] })] },
  },
  'guessed-function': {
    fires: { changed: [changed('f', { ...answered, how: 'guessed' })] },
    finding: 'warning guessed-function f',
    quiet: { changed: [changed('f', { ...answered, how: 'named' })] },
  },
  'guessed-function: what else the fix does to it': {
    fires: { changed: [changed('f', { ...answered, notes: ['the fix makes it inline'] })] },
    finding: 'note guessed-function f',
    quiet: { changed: [changed('f', { ...answered, how: 'recovered' })] },
  },
  'icf-shared': {
    fires: { required: [required(member('f', { aliases: ['g'] }))] },
    finding: 'warning icf-shared f',
    quiet: { required: [required(stuckMember('f', { aliases: ['g'] }))] },
  },
  'incomplete-data: a dump': {
    fires: {
      unknowns: [{ unit: 'mm/a.c.000i.ipa-clones', function: '', code: 'unverified', object: 'missing' }],
    },
    finding: 'warning incomplete-data mm/a.c.000i.ipa-clones',
    quiet: { unknowns: [] },
  },
  'incomplete-data: an open end': {
    fires: {
      required: [required(stuckMember('quiet', { open: [openEnd] }))],
      unknowns: [{ unit: 'mm/a.c.000i.ipa-clones', function: 'quiet', code: 'open-end', open: openEnd }],
    },
    finding: 'warning incomplete-data quiet',
    quiet: { required: [required(stuckMember('quiet'))], unknowns: [] },
  },
  'incomplete-data: the symbols of a module': {
    fires: { targets: [targetWithout('f', { object: 'btrfs' })] },
    finding: 'warning incomplete-data btrfs',
    quiet: { targets: [target('f', { object: 'xfs' })] },
  },
  'unneeded-target': {
    fires: {
      changed: [changed('f', answered)],
      required: [required(member('f'))],
      targets: [target('f'), target('h')],
    },
    finding: 'note unneeded-target h',
    // A caller stands in for what cannot be redirected.
    quiet: {
      changed: [changed('f', answered)],
      required: [required(member('f')), required(quiet), caller('h', quiet)],
      targets: [target('f'), target('h')],
    },
  },
  'unneeded-target: never a member of the patch set, whatever else is wrong with it': {
    fires: {
      changed: [changed('f', answered)],
      required: [required(quiet)],
      targets: [target('quiet', { member: quiet, symbol: symbol('quiet', { traceable: false }) })],
    },
    finding: 'error target-not-traceable quiet',
    quiet: {
      changed: [changed('f', answered)],
      required: [required(member('f', { aliases: ['g'], class: 'unverified' }))],
      targets: [target('g')],
    },
  },
};

describe.each(Object.entries(CASES))('%s', (_, { fires, finding, quiet }) => {
  test('is found', () => expect(found(fires)).toEqual([finding]));
  test('is not found next to it', () => expect(found(quiet)).toEqual([]));
});

test('every rule about a fix and the functions of its livepatch has a case', () => {
  const tested = new Set(Object.values(CASES).map(({ finding }) => finding.split(' ')[1]));
  const rules = AUDIT_RULES.filter(({ id }) => !/^(reference|rela|symbols)-/.test(id));
  expect([...tested].sort()).toEqual(rules.map(({ id }) => id).sort());
});

test('every rule is described', () => {
  const docs = ['rules', 'check-rules'].map((name) =>
    readFileSync(new URL(`../../docs/${name}.md`, import.meta.url), 'utf8'),
  );
  const described = new Set([...docs.join('').matchAll(/^##+ ([\w-]+)$/gm)].map(([, id]) => id));
  expect(AUDIT_RULES.filter(({ id }) => !described.has(id)).map(({ id }) => id)).toEqual([]);
});

test('wrong-sympos: another file’s function is replaced, and the right one is not', () => {
  const wrong = {
    changed: [changed('f', answered)],
    required: [required(member('s'))],
    targets: [target('s', { candidates: two, symbol: ofB, sympos: 2 })],
  };
  expect(found(wrong)).toEqual(['error missed-copy s', 'error wrong-sympos s', 'note unneeded-target s']);
  expect(remedies(wrong)).toContain('use position 1');
});

test('wrong-sympos: a livepatch of two fixes patches both', () => {
  const both = {
    changed: [changed('f', answered)],
    required: [required(member('s'))],
    targets: [
      target('s', { candidates: two, symbol: ofA, sympos: 1 }),
      target('s', { candidates: two, symbol: ofB, sympos: 2 }),
    ],
  };
  expect(found(both)).toEqual(['note unneeded-target s']);
});

test('unneeded-target: what code that is not known may need is not called so', () => {
  const unread: Unknown = { unit: 'mm/b.c', function: '', code: 'unverified', object: 'missing' };
  const facts = { changed: [changed('f', answered)], targets: [target('h')] };
  expect(found(facts)).toEqual(['note unneeded-target h']);
  expect(found({ ...facts, unknowns: [unread] })).toEqual(['warning incomplete-data mm/b.c']);
});

test('cannot-be-livepatched tells of its open ends, so that incomplete-data does not', () => {
  const about = { unit: 'mm/a.c.000i.ipa-clones', function: 'quiet', code: 'open-end' } as const;
  const unknowns: Unknown[] = [{ ...about, open: openEnd }];
  const deadEnd = required(stuckMember('quiet', { deadEnd: true, open: [openEnd] }));
  expect(found({ required: [deadEnd], unknowns })).toEqual(['error cannot-be-livepatched quiet']);
});

test('a finding says the position in the object that it is about', () => {
  const places = [place('ext2', { position: 2, total: 2 }), place('xfs')];
  const [finding] = applyRules(
    AUDIT_RULES,
    facts({
      imagesKnown: new Set(['ext2', 'xfs']),
      required: [required(member('f', { unit: inTwo, places }))],
      targets: [moduleTarget('xfs', 'f')],
    }),
  );
  expect(finding).toMatchObject({ rule: 'missed-copy', object: 'ext2', sympos: 2 });
});

describe('says what to do', () => {
  test.each<[string, Partial<AuditFacts>, RegExp]>([
    [
      'target-ambiguous: which position the fix means',
      { required: [], targets: [targetWithout('s', { candidates: two })] },
      /the one that is meant/,
    ],
    [
      'target-absent: only clones are left',
      { targets: [targetWithout('f', { fate: { hosts: [], clones: ['f.isra.0'], isClone: false } })] },
      /klp-reach affected f$/m,
    ],
    ['wrong-object', CASES['wrong-object']!.fires, /klp_object of xfs/],
    ['missed-caller', CASES['missed-caller']!.fires, /add two .* new form of quiet$/],
    ['cannot-be-livepatched', CASES['cannot-be-livepatched']!.fires, /look at what runs it/],
    ['untraceable-change', CASES['untraceable-change']!.fires, /--changed f@mm\/a\.c/],
  ])('%s', (_, input, remedy) => expect(remedies(input).join('\n')).toMatch(remedy));

  test('target-ambiguous names the position of the function that the fix changes', () => {
    const input = { required: [required(member('s'))], targets: [targetWithout('s', { candidates: two })] };
    expect(remedies(input)).toContain('set .old_sympos = 1, the one of mm/a.c');
  });
});
